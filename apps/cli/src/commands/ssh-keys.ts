import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AccountKey, AccountKeySchema } from '@innkeeper/contract/agent';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { outputOptions } from '../options.ts';
import { printRows } from '../output/print-list.ts';
import { standardInput } from '../standard-input.ts';

const keyParts = /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+) ([A-Za-z0-9+/]+={0,2})(?: (.*))?$/;

/** Type, key in base64, comment and fingerprint of a line of authorized_keys; empty for a line of another form. */
function partsOf(line: string) {
  const [, type = '', blob = '', comment = ''] = keyParts.exec(line) ?? [];
  const hash = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
  return { type, blob, comment, fingerprint: blob === '' ? '' : `SHA256:${hash}` };
}

/** `inn ssh-key ls VM USER` */
export const ls = defineCommand({
  arguments: '<vm> <user>',
  options: outputOptions,
  async run({ client, options }, vm, user) {
    const { keys, omitted } = await client.agent(vm).accounts.listKeys({ user });
    printRows(keys, {
      schema: AccountKeySchema,
      columns: [
        { title: 'FINGERPRINT', value: ({ line }) => partsOf(line).fingerprint },
        { title: 'TYPE', value: ({ line }) => partsOf(line).type },
        { title: 'BY', value: ({ managed }) => (managed ? 'innkeeper' : 'guest') },
        { title: 'COMMENT', value: ({ line }) => partsOf(line).comment || ' ' },
      ],
      nameOf: ({ line }) => partsOf(line).fingerprint,
      whenEmpty: 'This account has no keys.',
      options,
    });
    if (omitted > 0 && !options.quiet) process.stderr.write(`${omitted} more are not shown.\n`);
  },
});

/** `inn ssh-key add VM USER FILE…` */
export const add = defineCommand({
  arguments: '<vm> <user> <file...>',
  options: [],
  async run({ client, options }, vm, user, files) {
    const lines = (await Promise.all(files.map(readKeys))).flat();
    if (lines.length === 0) throw new CliError('There is no key in these files.', { exitCode: exitCodes.usage });
    if (lines.some((line) => line.includes('PRIVATE KEY')))
      throw new CliError('That is a private key. Give the file that ends in .pub.', { exitCode: exitCodes.usage });
    await client.agent(vm).accounts.changeKeys({ user, add: lines });
    if (!options.quiet)
      process.stderr.write(`${user} has ${lines.length === 1 ? 'the key' : `${lines.length} keys`}.\n`);
  },
});

/** `inn ssh-key rm VM USER KEY…`: by fingerprint, comment, or the key in base64. */
export const rm = defineCommand({
  arguments: '<vm> <user> <key...>',
  options: [],
  async run({ client }, vm, user, words) {
    const { accounts } = client.agent(vm);
    const { keys } = await accounts.listKeys({ user });
    const remove = words.flatMap((word) => findKeys(keys, word));
    await accounts.changeKeys({ user, remove });
  },
});

function findKeys(keys: readonly AccountKey[], word: string): string[] {
  const isMeant = (line: string): boolean => {
    const { blob, comment, fingerprint } = partsOf(line);
    return [blob, comment, fingerprint].includes(word);
  };
  const found = keys.filter(({ line }) => isMeant(line));
  if (found.length === 0) throw new CliError(`The account has no key "${word}".`, { exitCode: exitCodes.notFound });
  if (found.every(({ managed }) => !managed))
    throw new CliError(`"${word}" was not added by Innkeeper, so it does not remove it.`, {
      exitCode: exitCodes.conflict,
    });
  return found.filter(({ managed }) => managed).map(({ line }) => partsOf(line).blob);
}

/** The keys in a .pub file, or on standard input for "-". */
async function readKeys(file: string): Promise<string[]> {
  let text = '';
  if (file === '-') for await (const chunk of standardInput()) text += chunk.toString();
  else text = await readFile(file, 'utf8');
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
