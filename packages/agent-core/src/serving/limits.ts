/** Maximum concurrent calls in one session of a foreign dialect; further ones are refused. Pings do not count. */
export const maxRunningCalls = 16;
/** Memory for the answers of all calls of a session, while being collected and sent. */
export const answerBudgetBytes = 4 * 1024 * 1024;
/** Memory for the requests of all calls of a session, while they run. One is always accepted. */
export const requestBudgetBytes = 2 * 1024 * 1024;
/** Maximum messages queued for the peer; while there are more, no requests are read. */
export const maxUnsentMessages = 32;
/**
 * Milliseconds of silence within a message after which the rest is not expected any more: the next bytes start a new
 * one.
 */
export const stallMs = 10_000;
