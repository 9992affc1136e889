import { toJson } from '@bufbuild/protobuf';
import { CreateTokenResponseSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { parseCount } from '../parse-count.ts';

interface CreateOptions {
  readonly privilege?: readonly string[];
  readonly scope?: string;
  readonly allow?: readonly string[];
  readonly days?: string;
}

/** `inn token create NAME`: the secret is on standard output, alone, and shown this once. */
export async function run(command: Command, name: string): Promise<void> {
  const { client, options } = contextOf<CreateOptions>(command);
  const response = await client.access.createToken({
    name,
    privileges: [...(options.privilege ?? [])],
    scope: options.scope ?? '',
    allowedCommands: [...(options.allow ?? [])],
    lifetimeDays: options.days === undefined ? 0 : parseCount(options.days, '--days', 1, 3650),
  });
  if (options.output === 'json')
    process.stdout.write(`${JSON.stringify(toJson(CreateTokenResponseSchema, response), null, 2)}\n`);
  else process.stdout.write(`${response.secret}\n`);
  if (options.quiet !== true) process.stderr.write(`The token is shown this once. Its id is ${response.token?.id}.\n`);
}
