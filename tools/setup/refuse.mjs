/** Ends with a sentence instead of a stack. */
export function refuse(sentence, exitCode = 1) {
  process.stderr.write(`innkeeper: ${sentence}\n`);
  process.exit(exitCode);
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}
