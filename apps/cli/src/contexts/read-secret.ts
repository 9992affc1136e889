import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from '../cli-error.ts';

const maxSecretBytes = 4096;

/** Asks for a secret on the terminal, without echoing it. @throws CliError if standard input is not a terminal */
export async function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CliError(
      'Cannot ask for a password: standard input is not a terminal. To log in, pipe a token in with --token-stdin.',
    );
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asker = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await asker.question('');
  } finally {
    asker.close();
    process.stderr.write('\n');
  }
}

/** A password from the terminal, or from standard input when it is piped in. @throws CliError as readSecret */
export async function readPassword(question: string): Promise<string> {
  return process.stdin.isTTY ? await askSecret(question) : await readSecret('password');
}

/** The first line of standard input, at most 4,096 bytes. @throws CliError if it is empty or longer */
export async function readSecret(what = 'token'): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > maxSecretBytes) break;
  }
  const secret = (text.split('\n', 1)[0] ?? '').trim();
  if (secret === '' || secret.length > maxSecretBytes) throw new CliError(`There is no ${what} on standard input.`);
  return secret;
}
