/** Largest message of the dialect, by its contract. */
export const maxMessageBytes = 16 * 1024 * 1024;
/** Largest request that our agent keeps in memory; a longer one is skipped and answered with an error. */
export const maxRequestBytes = 1024 * 1024 + 4096;
/** Largest `data` of a file_read response of ours, whatever the request asks for. */
export const maxReadBytes = 1024 * 1024;
/** `chunk_size` of a file_read that names none. */
export const defaultReadBytes = 64 * 1024;
/** `max_output_bytes` of an execute that names none; for each of the two streams. */
export const defaultOutputBytes = 1024 * 1024;
/** Most that a request can ask for with `max_output_bytes`; for each of the two streams. */
export const maxOutputBytes = 2 * 1024 * 1024;
/** `timeout_seconds` of an execute that names none. */
export const defaultExecTimeoutSeconds = 300;
/** Longest `timeout_seconds`; a longer one is shortened to it. */
export const maxExecTimeoutSeconds = 86_400;
