/** Exits with a message instead of a stack trace. */
export function refuse(sentence, exitCode = 1) {
  process.stderr.write(`innkeeper: ${sentence}\n`);
  process.exit(exitCode);
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}
