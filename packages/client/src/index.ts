export { type ClientOptions, createClient, type InnkeeperClient } from './client.ts';
export type { ExecOptions, ExecStream } from './exec.ts';
export { loginForToken, type PasswordLogin } from './login-for-token.ts';
export type { ReadFileOptions, RemoteFile } from './read-file.ts';
export type { NetworkAddress, ServerAddress, SocketAddress } from './server.ts';
export type { WaitOptions } from './wait-for-operation.ts';
export type { WriteFileOptions, WrittenFile } from './write-file.ts';
