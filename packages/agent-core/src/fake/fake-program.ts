/** The context of a scripted program of the fake guest. Every wait ends when the program is killed. */
export interface ProgramContext {
  readonly argv: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly directory: string;
  readonly identity: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** The terminal's current size; undefined without a terminal. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  /** Waits while the pipe is full. */
  write(text: string | Uint8Array): Promise<void>;
  writeError(text: string | Uint8Array): Promise<void>;
  /** The next bytes of standard input; undefined at its end. */
  read(): Promise<Uint8Array | undefined>;
  sleep(ms: number): Promise<void>;
  /** Makes the program ignore this signal from now on. KILL cannot be ignored. */
  onSignal(signal: number, handler: () => void): void;
  /**
   * Starts a child that shares the output and keeps running when this program ends. `newSession`: it leaves the
   * session, as a daemon does.
   */
  fork(program: Program, options?: { readonly newSession?: boolean }): number;
}

/** Runs and resolves with the exit code. */
export type Program = (context: ProgramContext) => Promise<number> | number;

/** Thrown by every wait of a program that was killed. */
export class KilledError extends Error {
  override readonly name = 'KilledError';
}

/** Small programs that behave like the real ones. */
export const builtinPrograms: Readonly<Record<string, Program>> = {
  true: () => 0,
  false: () => 1,
  echo: async ({ argv, write }) => {
    await write(`${argv.slice(1).join(' ')}\n`);
    return 0;
  },
  cat: async ({ read, write }) => {
    for (let bytes = await read(); bytes !== undefined; bytes = await read()) await write(bytes);
    return 0;
  },
  seq: async ({ argv, write }) => {
    const last = Number(argv[1] ?? 0);
    for (let from = 1; from <= last; from += 1000) {
      const count = Math.min(1000, last - from + 1);
      await write(`${Array.from({ length: count }, (_, index) => from + index).join('\n')}\n`);
    }
    return 0;
  },
  sleep: async ({ argv, sleep }) => {
    await sleep(Number(argv[1] ?? 0) * 1000);
    return 0;
  },
  yes: async ({ argv, write }) => {
    const line = `${argv[1] ?? 'y'}\n`;
    for (;;) await write(line.repeat(Math.ceil(8192 / line.length)));
  },
  env: async ({ environment, write }) => {
    await write([...environment].map(([name, value]) => `${name}=${value}\n`).join(''));
    return 0;
  },
  pwd: async ({ directory, write }) => {
    await write(`${directory}\n`);
    return 0;
  },
  id: async ({ identity, write }) => {
    await write(`uid=${identity.uid} gid=${identity.gid} groups=${identity.groups.join(',')}\n`);
    return 0;
  },
  stty: async ({ terminal, write }) => {
    await write(`${terminal?.rows ?? 0} ${terminal?.columns ?? 0}\n`);
    return 0;
  },
  sh: async (context) => await runShell(context),
};

/** `sh -c`: commands with plain words, one after the other by ";", each with ">&2" at most; and `exit N`. */
async function runShell(context: ProgramContext): Promise<number> {
  let code = 0;
  for (const command of (context.argv[2] ?? '').split(';')) {
    const words = command.split(/\s+/).filter((word) => word !== '');
    const toError = words.at(-1) === '>&2';
    const argv = toError ? words.slice(0, -1) : words;
    const [name] = argv;
    if (name === undefined) continue;
    if (name === 'exit') return Number(argv[1] ?? code);
    const program = builtinPrograms[name];
    if (program === undefined) {
      await context.writeError(`sh: ${name}: not found\n`);
      code = 127;
    } else {
      code = await program({ ...context, argv, write: toError ? context.writeError : context.write });
    }
  }
  return code;
}
