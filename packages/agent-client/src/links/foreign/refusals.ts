import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import type { ForeignAgent, ForeignFacts } from './foreign-agent.ts';

/** Refuses something before anything is sent, naming the capability that it needs. */
export function lacks(what: string, capability: string, nextStep?: string): OperationError {
  return new OperationError(
    'UNSUPPORTED_BY_AGENT',
    `${what}, which needs the capability "${capability}".`,
    nextStep === undefined ? {} : { nextStep },
  );
}

/** Why an agent lacks a capability: its dialect has no word for it, or the guest turned it off. */
export function whyLacking({ title }: Pick<ForeignAgent, 'title'>, facts: ForeignFacts, capability: string): string {
  for (const [name, why] of facts.whyNot ?? []) if (name === capability) return why;
  return `${title} has no word for it`;
}

/** Throws UNSUPPORTED_BY_AGENT for a method that this agent cannot serve. */
export function refuseMethod(agent: ForeignAgent, facts: ForeignFacts, method: LiteMethod): never {
  const { name, capability } = method;
  const [service = '', word = ''] = name.split('/');
  const short = `${service.split('.').at(-1)}/${word}`;
  const why = facts.capabilities.some((each) => each === capability)
    ? `${agent.title} has no word for this part of it`
    : whyLacking(agent, facts, capability);
  throw lacks(`The agent ${facts.version} in this guest cannot do ${short}: ${why}`, capability);
}
