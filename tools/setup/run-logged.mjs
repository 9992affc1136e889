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
/** A log that is longer begins again. */
const maxLogBytes = 1024 * 1024;

/**
 * Runs a program to its end; `log` names the file below .cache/setup that its output is appended to. Resolves with its
 * exit code, what it printed last, and where its log is. ^C and TERM end this process when the program has ended, which is
 * 3 s later at the latest when it `isKillable`.
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
    // ^C goes to the whole foreground group, so the program has it already.
    if (signal !== 'SIGINT') child.kill(signal);
    // npm may go on for a minute all the same; what it leaves is installed again.
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

/** As runLogged, but a failure ends this process with the end of the output and a sentence. */
export async function mustRunLogged(name, log, command, options) {
  const result = await runLogged(name, log, command, options);
  if (result.code !== 0) refuseWith(result, command);
  return result;
}

/** Ends this process with what a program printed last. */
function refuseWith({ code, tail, logPath }, command) {
  for (const line of tail) process.stderr.write(`  ${line}\n`);
  refuse(
    `"${command.slice(0, 4).join(' ')}${command.length > 4 ? ' …' : ''}" failed with exit code ${code}; the end of its output is above${logPath === undefined ? '' : `, all of it in ${logPath}`}.`,
  );
}

/** A log that cannot be written (a full disk, a folder of somebody else) is done without: the end of it is shown anyway. */
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
