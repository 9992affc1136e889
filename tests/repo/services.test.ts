import assert from 'node:assert/strict';
import { it } from 'node:test';
import { agentServices } from '../../packages/contract/src/agent-services.ts';
import { controlServices } from '../../packages/contract/src/control-services.ts';
import { readTracked, trackedFiles } from './source-files.ts';

/** Full names of the services that the files of a folder of `proto/` define. */
function servicesIn(folder: string): string[] {
  return trackedFiles()
    .filter((file) => file.startsWith(`proto/${folder}/`) && file.endsWith('.proto'))
    .flatMap((file) => {
      const text = readTracked(file);
      const [, home] = /^package ([\w.]+);/m.exec(text) ?? [];
      return [...text.matchAll(/^service (\w+)/gm)].map(([, name]) => `${home}.${name}`);
    })
    .sort();
}

it('every service of proto/control is in the list of the control plane’s services', () => {
  const listed = Object.values(controlServices).map(({ typeName }) => typeName);
  assert.deepEqual(listed.sort(), servicesIn('control'));
});

it('every service of proto/agent is in the list of the agent’s services', () => {
  assert.deepEqual(agentServices.map(({ typeName }) => typeName).sort(), servicesIn('agent'));
});
