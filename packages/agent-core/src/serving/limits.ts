/** Calls that run at once in one session of a foreign dialect; more are refused. Pings do not count. */
export const maxRunningCalls = 16;
/** Memory for the answers of all calls of a session, while they are collected and sent. */
export const answerBudgetBytes = 4 * 1024 * 1024;
/** Memory for the requests of all calls of a session, while they are carried out. One is always taken. */
export const requestBudgetBytes = 2 * 1024 * 1024;
/** Messages that wait for the peer to read; with more, no request is read. */
export const maxUnsentMessages = 32;
/** A peer that stalls for so long within a message has died there, and what it sends next is a new one. */
export const stallMs = 10_000;
