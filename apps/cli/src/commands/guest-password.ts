import { CliError } from '../cli-error.ts';
import { askSecret } from '../contexts/read-secret.ts';
import { standardInput } from '../standard-input.ts';

const maxBytes = 4096;

/** A new password: typed twice on the terminal, or all of standard input without a line end. @throws CliError */
export async function readGuestPassword(user: string): Promise<string> {
  if (process.stdin.isTTY === true) {
    const password = await askSecret(`New password of ${user}: `);
    if (password !== (await askSecret('Again: '))) throw new CliError('The passwords are not the same.');
    return password;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of standardInput()) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new CliError(`Standard input has more than ${maxBytes} bytes: it is no password.`);
    chunks.push(chunk);
  }
  // More than one line is refused by the guest, not cut off here.
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
