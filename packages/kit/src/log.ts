/** What a log line carries besides its event. Never a secret, file content or standard input. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/**
 * A log that you are handed; there is no global one. Event names are constants with a dot ("agent.connected").
 * error: what was asked did not happen. warn: odd, but handled. info: state changes an operator wants. debug: the rest.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

/** Says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};
