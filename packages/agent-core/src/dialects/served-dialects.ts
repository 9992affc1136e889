import type { Dialect } from '../serving/dialect.ts';
import { agentMessage } from './agent-message.ts';
import { http } from './http.ts';
import { jsonFrames } from './json-frames.ts';
import { native } from './native.ts';
import { qga } from './qga.ts';

/** All dialects of this agent. */
export const servedDialects: readonly Dialect[] = [native, agentMessage, jsonFrames, qga, http];
