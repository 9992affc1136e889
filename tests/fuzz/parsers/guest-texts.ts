import type { Parser } from '../parser.ts';
import { parsers as accounts } from './guest-accounts.ts';
import { parsers as kernel } from './guest-kernel.ts';
import { parsers as system } from './guest-system.ts';

/** What the agent reads in its guest: files of its users, its kernel and its programs, and what its programs print. */
export const parsers: readonly Parser[] = [...accounts, ...kernel, ...system];
