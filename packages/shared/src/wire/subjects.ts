import { isServerId } from './server-id.js';

export const SAMPLES_STREAM = 'SAMPLES';
export const INVENTORY_STREAM = 'INVENTORY';
export const SAMPLE_SUBJECTS = 'vacancy.v1.sample.*';
export const INVENTORY_SUBJECTS = 'vacancy.v1.inventory.*';

export const sampleSubject = (server: string): string => `vacancy.v1.sample.${server}`;
export const inventorySubject = (server: string): string => `vacancy.v1.inventory.${server}`;

/** The server a subject speaks for, or `null` when its last token is no server id. */
export function serverOfSubject(subject: string): string | null {
  const server = subject.slice(subject.lastIndexOf('.') + 1);
  return isServerId(server) ? server : null;
}

/** The message id under which JetStream keeps a sample once, however often it is sent. */
export const messageId = (sample: { server: string; boot_id: string; seq: number }): string =>
  `${sample.server}:${sample.boot_id}:${sample.seq}`;
