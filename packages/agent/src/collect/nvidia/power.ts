import { readText } from '../proc-file.js';
import type { CardPower } from './rest.js';

export function readPower(folder: string): CardPower {
  return {
    sleeps: readText(`${folder}/power/control`)?.trim() === 'auto',
    asleep: readText(`${folder}/power/runtime_status`)?.trim() === 'suspended',
  };
}
