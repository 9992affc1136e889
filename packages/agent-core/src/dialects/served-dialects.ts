import type { Dialect } from '../serving/dialect.ts';
import { agentMessage } from './agent-message.ts';
import { native } from './native.ts';

/** All dialects of this agent. */
export const servedDialects: readonly Dialect[] = [native, agentMessage];
