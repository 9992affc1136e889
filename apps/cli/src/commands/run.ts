import { createReadStream } from 'node:fs';
import { RunSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { printObject } from '../output/json.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseSize } from '../parse-size.ts';
import { parseVariable } from '../parse-variable.ts';
import { standardInput } from '../standard-input.ts';
import { followRun } from './run-follow.ts';
import { runPlaces } from './run-where.ts';

const maxScriptBytes = 1024 * 1024;

interface RunOptions {
  readonly on?: readonly string[];
  readonly script?: string;
  readonly interpreter?: string;
  readonly title?: string;
  readonly user?: string;
  readonly group?: string;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly timeout?: string;
  readonly maxOutput?: string;
  readonly detach?: boolean;
}

/** `inn run --on VM -- CMD…`: on one VM or many, kept with its output; ends as the command does. */
export async function run(command: Command, words: readonly string[]): Promise<void> {
  const { client, options } = contextOf<RunOptions>(command);
  if (words.length === 0 && options.script === undefined)
    throw new CliError('Which command? inn run --on VM -- CMD…, or --script FILE');
  if (words.length > 0 && options.script !== undefined) throw new CliError('A command or --script, not both');
  const [user, userGroup] = (options.user ?? '').split(':');
  const wanted = {
    ...runPlaces(options.on),
    user,
    group: options.group ?? userGroup,
    workingDirectory: options.cwd,
    interpreter: options.interpreter,
    title: options.title,
    environment: Object.fromEntries((options.env ?? []).map(parseVariable)),
    timeoutMs: options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout'),
    maxOutputBytes: options.maxOutput === undefined ? undefined : Number(parseSize(options.maxOutput, '--max-output')),
  };
  const what = options.script === undefined ? { argv: words } : { script: await readScript(options.script) };
  const started = await client.runs.start({ ...wanted, ...what });
  const { output, quiet } = options;
  if (options.detach === true) {
    if (output === 'json' || output === 'yaml') printObject(output, RunSchema, started);
    else process.stdout.write(`${started.id}\n`);
    return;
  }
  if (started.targets.length > 1 && quiet !== true)
    process.stderr.write(`inn: run ${started.id} on ${started.targets.length} VMs\n`);
  process.exitCode = await followRun(client, started.id, {
    output,
    onInterrupt: 'cancel',
    ...(quiet === undefined ? {} : { quiet }),
  });
}

/** A file, or standard input for "-". */
async function readScript(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of (path === '-' ? standardInput() : createReadStream(path)) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxScriptBytes) throw new CliError('--script: a script has at most 1 MiB');
    chunks.push(chunk);
  }
  if (bytes === 0) throw new CliError('--script: the script is empty');
  const text = Buffer.concat(chunks);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    // TypeError: these bytes are no UTF-8.
    throw new CliError('--script: it is no text (UTF-8)');
  }
}
