export { type BrowserClient, type BrowserClientOptions, createBrowserClient } from './browser-client.ts';
export { toOperationError } from './browser-errors.ts';
export type { BrowserFiles } from './browser-files.ts';
export { type HttpOptions, openHttp } from './http.ts';
