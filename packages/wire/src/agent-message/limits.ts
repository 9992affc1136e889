/** Largest message of the dialect, as it defines it. */
export const maxMessageBytes = 16 * 1024 * 1024;
/**
 * Largest request that the agent keeps in memory. A longer file_write is kept on the disk, up to `maxMessageBytes`; anything
 * else is skipped and answered with an error.
 */
export const maxRequestBytes = 1024 * 1024 + 4096;
/** Largest `data` of a file_read response, whatever the request asks for. */
export const maxReadBytes = 1024 * 1024;
/** Default `chunk_size` of a file_read. */
export const defaultReadBytes = 64 * 1024;
/** Default `max_output_bytes` of an execute; for each of the two streams. */
export const defaultOutputBytes = 1024 * 1024;
/** Maximum `max_output_bytes` of a request; for each of the two streams. */
export const maxOutputBytes = 2 * 1024 * 1024;
/** Default `timeout_seconds` of an execute. */
export const defaultExecTimeoutSeconds = 300;
/** Maximum `timeout_seconds`; a longer one is reduced to it. */
export const maxExecTimeoutSeconds = 86_400;

/** Limits that a guest sets for hosts of this dialect. */
export interface GuestLimits {
  /** Longest `timeout_seconds`; a longer one, and the default, is reduced to it. */
  readonly maxExecTimeoutSeconds?: number | undefined;
  /** Largest `data` of a file_read response; a larger `chunk_size`, and the default, is reduced to it. */
  readonly maxChunkBytes?: number | undefined;
}
