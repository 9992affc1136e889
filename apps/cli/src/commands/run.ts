import { createReadStream } from 'node:fs';
import { RunSchema } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { dataOutput, flag, list, text } from '../options.ts';
import { printObject } from '../output/json.ts';
import { parseDuration, parseSize, parseVariables } from '../parse-values.ts';
import { standardInput } from '../standard-input.ts';
import { followRun } from './run-follow.ts';

const maxScriptBytes = 1024 * 1024;

/** `inn run --on VM -- CMD…`: runs it on one VM or many, stored with its output; exits like the command. */
export const command = defineCommand({
  arguments: '[command...]',
  passThrough: true,
  options: [
    list('--on <where>', 'a VM (can be repeated), tag=NAME, or a filter such as "state:running mem>80"'),
    text('--script <file>', 'a script instead of a command; "-" is standard input'),
    text('--interpreter <path>', 'interpreter of the script (default: its "#!" line, else /bin/sh)'),
    text('-u, --user <user[:group]>', 'user to run as'),
    text('--group <group>', 'group to run as'),
    text('-w, --cwd <folder>', 'working directory'),
    list('-e, --env <name=value>', 'set a variable, or pass on the local one of that name; can be repeated'),
    text('--timeout <duration>', 'end it after this time, such as 30s (default: 1h)'),
    text('--max-output <size>', 'output to store of each VM, at most 16M (default: 1M)'),
    text('--title <text>', 'title of the run (default: the first line of the command or script)'),
    flag('--detach', 'start it, print its id, and exit'),
    dataOutput,
  ],
  async run({ client, options }, words) {
    if (words.length === 0 && options.script === undefined)
      throw new CliError('The command is missing: inn run --on VM -- CMD…, or --script FILE');
    if (words.length > 0 && options.script !== undefined)
      throw new CliError('Give either a command or --script, not both.');
    const [user, userGroup] = (options.user ?? '').split(':');
    const spec = {
      ...selectTargets(options.on),
      user,
      group: options.group ?? userGroup,
      workingDirectory: options.cwd,
      interpreter: options.interpreter,
      title: options.title,
      environment: parseVariables(options.env),
      timeoutMs: options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout'),
      maxOutputBytes:
        options.maxOutput === undefined ? undefined : Number(parseSize(options.maxOutput, '--max-output')),
    };
    const program = options.script === undefined ? { argv: words } : { script: await readScript(options.script) };
    const started = await client.runs.start({ ...spec, ...program });
    const { output, quiet } = options;
    if (options.detach) {
      if (output === 'table') process.stdout.write(`${started.id}\n`);
      else printObject(output, RunSchema, started);
      return;
    }
    if (started.targets.length > 1 && !quiet)
      process.stderr.write(`inn: run ${started.id} on ${started.targets.length} VMs\n`);
    process.exitCode = await followRun(client, started.id, { output, quiet, onInterrupt: 'cancel' });
  },
});

/** What VMs can be called, their ids included. */
const vmName = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/**
 * The VMs that `--on` selects: by name, or by a filter such as "state:running mem>80"; "tag=env=prod" is a filter too.
 * @throws CliError without a value, or for names mixed with a filter
 */
export function selectTargets(on: readonly string[]): { readonly vms: readonly string[]; readonly filter: string } {
  const [first, ...others] = on;
  if (first === undefined) throw new CliError('Name the VMs: --on VM, --on tag=web, or --on "FILTER"');
  if (on.every((each) => vmName.test(each))) return { vms: on, filter: '' };
  if (others.length > 0) throw new CliError('--on: give names of VMs, or one filter with all conditions');
  return { vms: [], filter: first };
}

/** A script from a file, or from standard input for "-". @throws CliError if it is empty, not UTF-8 or over 1 MiB */
async function readScript(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of (path === '-' ? standardInput() : createReadStream(path)) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxScriptBytes) throw new CliError('--script: a script can have at most 1 MiB');
    chunks.push(chunk);
  }
  if (bytes === 0) throw new CliError('--script: the script is empty');
  const text = Buffer.concat(chunks);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    // TypeError: the bytes are not UTF-8.
    throw new CliError('--script: the script is not text (UTF-8)');
  }
}
