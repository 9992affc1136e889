import { toJson } from '@bufbuild/protobuf';
import { CreateTokenResponseSchema } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { list, outputOptions, text } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { parseCount } from '../parse-values.ts';

const nothingChosen =
  'Choose what the token may do: --privilege vm.view (repeat it for more), or --privilege "*" for all your privileges.';

/** `inn token create NAME`: prints only the token's secret on standard output; it is not shown again. */
export const command = defineCommand({
  arguments: '<name>',
  options: [
    ...outputOptions,
    list(
      '--privilege <name>',
      'a privilege of the token, such as vm.view, or "*" for all of its user; can be repeated',
    ),
    text('--scope <scope>', '"*", tag:NAME, tag:NAME=VALUE or vm:ID'),
    list(
      '--allow <command>',
      'first words of a command that it may start, by absolute path (default: all); can be repeated',
    ),
    text('--days <count>', 'days until it expires, at most 3650 (default: 90)'),
  ],
  async run({ client, options }, name) {
    if (options.privilege.length === 0) throw new CliError(nothingChosen);
    const response = await client.access.createToken({
      name,
      privileges: [...options.privilege],
      scope: options.scope ?? '',
      allowedCommands: [...options.allow],
      lifetimeDays: options.days === undefined ? 0 : parseCount(options.days, '--days', 1, 3650),
    });
    if (options.output === 'json')
      process.stdout.write(`${JSON.stringify(toJson(CreateTokenResponseSchema, response), null, 2)}\n`);
    else process.stdout.write(`${response.secret}\n`);
    if (options.quiet) return;
    const { id, expiresUnixNs } = response.token ?? {};
    process.stderr.write(
      `The token is not shown again. Its id is ${id}; it expires on ${formatTime(expiresUnixNs)}.\n`,
    );
  },
});
