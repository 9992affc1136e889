export { type ClientOptions, createClient, type InnkeeperClient } from './client.ts';
export type { ExecOptions, ExecStream } from './exec.ts';
export type { ReadFileOptions, RemoteFile, WriteFileOptions } from './files.ts';
export type { WaitOptions } from './wait-for-operation.ts';
