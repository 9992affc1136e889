// Runs a program with its output in a log file and one line on the terminal.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { showStep } from './live-line.mjs';
import { root, setupFolder } from './paths.mjs';
import { refuse } from './refuse.mjs';

const tailLines = 25;
const maxLineLength = 2000;
const killAfterMs = 3000;
/** A log longer than this is started again. */
const maxLogBytes = 1024 * 1024;

/**
 * Runs a program to its end; its output is appended to the file `log` in .cache/setup. Resolves to its exit code, the end
 * of its output, and the path of the log. ^C and TERM end this process once the program has ended, at most 3 s later if it
 * `isKillable`.
 */
export async function runLogged(name, log, [program, ...args], { environment = process.env, isKillable = false } = {}) {
  const file = openLog(log);
  file.write(`\n# ${new Date().toISOString()} ${[program, ...args].join(' ')}\n`);
  const step = showStep(name);
  const tail = [];
  let open = '';
  const keep = (chunk) => {
    file.write(chunk);
    const lines = (open + chunk).split(/\r?\n/);
    open = lines.pop().slice(-maxLineLength);
    for (const line of lines) {
      if (line.trim() === '') continue;
      tail.push(line.slice(0, maxLineLength));
      step.note(line);
    }
    tail.splice(0, tail.length - tailLines);
  };
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  let stoppedBy;
  let killing;
  const onSignal = (signal) => {
    if (stoppedBy === undefined) step.print(isKillable ? 'Stopping …' : `Stopping when ${args.join(' ')} has ended …`);
    stoppedBy = signal;
    // ^C is sent to the whole foreground group, including the program.
    if (signal !== 'SIGINT') child.kill(signal);
    // npm may keep running for a minute; a partial installation is repeated.
    if (isKillable) killing ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const { code, error } = await new Promise((resolve) => {
    child.on('error', (failure) => resolve({ code: 127, error: failure }));
    child.on('close', (status) => resolve({ code: status ?? 1 }));
  });
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  clearTimeout(killing);
  const seconds = step.stop();
  file.close();
  if (stoppedBy !== undefined)
    refuse(
      `stopped while ${name[0].toLowerCase()}${name.slice(1)}. Run the same command again to continue.`,
      stoppedBy === 'SIGINT' ? 130 : 143,
    );
  if (open.trim() !== '') tail.push(open);
  if (error) tail.push(`${program} could not be started: ${error.message}`);
  return { code, tail, seconds, logPath: file.path };
}

/** Like runLogged, but a failure exits this process with the end of the output and a message. */
export async function mustRunLogged(name, log, command, options) {
  const result = await runLogged(name, log, command, options);
  if (result.code !== 0) refuseWith(result, command);
  return result;
}

/** Exits this process with the end of a program's output. */
function refuseWith({ code, tail, logPath }, command) {
  for (const line of tail) process.stderr.write(`  ${line}\n`);
  refuse(
    `"${command.slice(0, 4).join(' ')}${command.length > 4 ? ' …' : ''}" failed with exit code ${code}; the end of its output is above${logPath === undefined ? '' : `, all of it in ${logPath}`}.`,
  );
}

/** Does without a log that cannot be written (full disk, another user's folder), since the end of the output is shown. */
function openLog(name) {
  let descriptor;
  const path = join(setupFolder, `${name}.log`);
  try {
    mkdirSync(setupFolder, { recursive: true });
    const isFull = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes;
    descriptor = openSync(path, isFull ? 'w' : 'a', 0o644);
  } catch {
    return { path: undefined, write: () => undefined, close: () => undefined };
  }
  let isWhole = true;
  return {
    get path() {
      return isWhole ? relative(root, path) : undefined;
    },
    write(text) {
      try {
        if (isWhole) writeSync(descriptor, text);
      } catch {
        isWhole = false;
      }
    },
    close: () => closeSync(descriptor),
  };
}
