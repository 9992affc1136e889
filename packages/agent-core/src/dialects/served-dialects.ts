import type { Dialect } from '../serving/dialect.ts';
import { agentMessage } from './agent-message.ts';
import { native } from './native.ts';
import { qga } from './qga.ts';

/** All dialects of this agent. */
export const servedDialects: readonly Dialect[] = [native, agentMessage, qga];
