import { styleText } from 'node:util';
import {
  DiagnosisOutcome,
  DiagnosisSchema,
  type DiagnosisStep,
  type Node,
  NodeSchema,
} from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { outputOptions } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';

const marks: Record<DiagnosisOutcome, string> = {
  [DiagnosisOutcome.UNSPECIFIED]: '?',
  [DiagnosisOutcome.OK]: styleText('green', '✓', { stream: process.stdout }),
  [DiagnosisOutcome.FAILED]: styleText('red', '✗', { stream: process.stdout }),
  [DiagnosisOutcome.WARNING]: styleText('yellow', '!', { stream: process.stdout }),
  [DiagnosisOutcome.SKIPPED]: '·',
};

/** `inn doctor [VM]`; without a VM, checks the daemon and its host. Exit code 6 if an agent does not answer. */
export const command = defineCommand({
  arguments: '[vm]',
  options: outputOptions,
  async run({ client, options }, name) {
    if (name === undefined) {
      const node = await client.node.getNode({});
      if (options.output === 'json' || options.output === 'yaml') printObject(options.output, NodeSchema, node);
      else process.stdout.write(nodeText(node));
      return;
    }
    const diagnosis = await client.vms.diagnose({ vm: name });
    if (options.output === 'json' || options.output === 'yaml') printObject(options.output, DiagnosisSchema, diagnosis);
    else
      process.stdout.write(
        diagnosis.steps.map(stepText).join('') +
          (diagnosis.conclusion === '' ? '' : `\n${clean(diagnosis.conclusion)}\n`),
      );
    if (diagnosis.steps.some((step) => step.outcome === DiagnosisOutcome.FAILED))
      throw new CliError('', { exitCode: exitCodes.agentUnavailable, silent: true });
  },
});

function nodeText(node: Node): string {
  const { OK, FAILED, WARNING } = DiagnosisOutcome;
  const why = node.acceleratorReason === '' ? '' : `: ${node.acceleratorReason}`;
  return [
    `${marks[OK]} the daemon answers (version ${node.version}, process ${node.pid}, data in ${node.dataDirectory})`,
    `${marks[node.hypervisorVersion === '' ? FAILED : OK]} hypervisor ${node.hypervisorVersion || 'not found'}`,
    `${marks[node.accelerator === 'kvm' ? OK : WARNING]} VMs run with ${node.accelerator}${clean(why)}`,
    `${marks[node.agentVersion === '' ? FAILED : OK]} agent ${node.agentVersion || 'not built'}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function stepText(step: DiagnosisStep): string {
  const text = step.consoleText || step.detail;
  const detail = text === '' ? '' : `: ${clean(text)}`;
  const next = step.nextStep === '' ? '' : `    ${clean(step.nextStep)}\n`;
  return `${marks[step.outcome]} ${clean(step.name)}${detail}\n${next}`;
}
