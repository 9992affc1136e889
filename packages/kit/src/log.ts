/** The fields of a log line in addition to its event. Never a secret, file content or standard input. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/**
 * A log, passed as a parameter; there is no global one. Event names are constants with a dot ("agent.connected").
 * error: a request failed. warn: unexpected, but handled. info: state changes an operator wants to know. debug: the rest.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Returns a log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

/** A log that discards everything. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};
