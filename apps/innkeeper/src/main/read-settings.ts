import { errorMessage } from '@innkeeper/kit';

/** The settings of a command line, or the exit code when it is wrong (2) or asks for help (0); then it has said so. */
export function readSettings<Settings>(
  parse: (argv: readonly string[], environment: NodeJS.ProcessEnv) => Settings | undefined,
  argv: readonly string[],
  usage: string,
): Settings | number {
  try {
    const settings = parse(argv, process.env);
    if (settings !== undefined) return settings;
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${usage}`);
    return 2;
  }
}
