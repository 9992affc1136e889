/** Set by the build from package.json (esbuild `define`). */
declare const INNKEEPER_VERSION: string;

export const agentVersion: string = INNKEEPER_VERSION;
