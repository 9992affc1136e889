export { type RunOutputOptions, runOutputUrl } from '../run-output-url.ts';
export type { ListRunsOptions, Runs, StartRunOptions } from '../runs.ts';
export type { WatchRunOptions } from '../watch-run.ts';
export { type BrowserClient, type BrowserClientOptions, createBrowserClient } from './browser-client.ts';
export { toOperationError } from './browser-errors.ts';
export type { BrowserFiles } from './browser-files.ts';
export { type HttpOptions, openHttp } from './http.ts';
