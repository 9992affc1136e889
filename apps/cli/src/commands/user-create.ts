import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** `inn user create NAME`: without a password; "inn web --user NAME" gives a link to come in by. */
export async function run(command: Command, name: string): Promise<void> {
  const { client, options } = contextOf<{ readonly role?: readonly string[] }>(command);
  const roles = (options.role ?? ['viewer']).map((text) => {
    const at = text.indexOf('@');
    return at < 0 ? { role: text, scope: '*' } : { role: text.slice(0, at), scope: text.slice(at + 1) };
  });
  await client.access.createUser({ name, roles });
  process.stdout.write(`${name} is there, without a password.\n`);
  if (options.quiet !== true) process.stderr.write(`A link to come in by: inn web --user ${name}\n`);
}
