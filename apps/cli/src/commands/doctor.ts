import { styleText } from 'node:util';
import { DiagnosisOutcome, DiagnosisSchema, type DiagnosisStep, NodeSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';

const marks: Record<DiagnosisOutcome, string> = {
  [DiagnosisOutcome.UNSPECIFIED]: '?',
  [DiagnosisOutcome.OK]: styleText('green', '✓', { stream: process.stdout }),
  [DiagnosisOutcome.FAILED]: styleText('red', '✗', { stream: process.stdout }),
  [DiagnosisOutcome.WARNING]: styleText('yellow', '!', { stream: process.stdout }),
  [DiagnosisOutcome.SKIPPED]: '·',
};

/** `inn doctor [VM]`: of the daemon and its host without a VM. Exit code 6 when an agent does not answer. */
export async function run(command: Command, name: string | undefined): Promise<void> {
  const { client, options } = contextOf(command);
  if (name === undefined) {
    const node = await client.node.getNode({});
    if (options.output === 'json' || options.output === 'yaml') {
      printObject(options.output, NodeSchema, node);
      return;
    }
    const why = node.acceleratorReason === '' ? '' : `: ${node.acceleratorReason}`;
    process.stdout.write(
      `${marks[DiagnosisOutcome.OK]} the daemon answers (version ${node.version}, process ${node.pid}, data in ${node.dataDirectory})\n` +
        `${node.hypervisorVersion === '' ? marks[DiagnosisOutcome.FAILED] : marks[DiagnosisOutcome.OK]} hypervisor ${node.hypervisorVersion || 'not found'}\n` +
        `${node.accelerator === 'kvm' ? marks[DiagnosisOutcome.OK] : marks[DiagnosisOutcome.WARNING]} VMs run with ${node.accelerator}${clean(why)}\n` +
        `${node.agentVersion === '' ? marks[DiagnosisOutcome.FAILED] : marks[DiagnosisOutcome.OK]} agent ${node.agentVersion || 'not built'}\n`,
    );
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
}

function stepText(step: DiagnosisStep): string {
  const text = step.consoleText || step.detail;
  const detail = text === '' ? '' : `: ${clean(text)}`;
  const next = step.nextStep === '' ? '' : `    ${clean(step.nextStep)}\n`;
  return `${marks[step.outcome]} ${clean(step.name)}${detail}\n${next}`;
}
