import type { Dialect } from '../serving/dialect.ts';
import { agentMessage } from './agent-message.ts';
import { native } from './native.ts';

/** All that this agent speaks. */
export const servedDialects: readonly Dialect[] = [native, agentMessage];
