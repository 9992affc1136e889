import { agentMessageDialect } from './agent-message.ts';
import type { ForeignDialect } from './foreign-dialect.ts';
import { httpDialect } from './http.ts';
import { jsonFramesDialect } from './json-frames.ts';
import { qgaDialect } from './qga.ts';

/** The dialects of others that the agent serves, and their forms. */
export const foreignDialects: readonly ForeignDialect[] = [
  agentMessageDialect('plain'),
  agentMessageDialect('magic'),
  qgaDialect,
  jsonFramesDialect,
  httpDialect,
];
