import { inject, type InjectionKey } from 'vue';
import type { Api, LiveClient } from '../api/client.js';

export interface Client {
  api: Api;
  live: LiveClient;
}

/** Provided by `main.ts`: the service, or a replay of one. */
export const CLIENT: InjectionKey<Client> = Symbol('client');

export function useClient(): Client {
  const client = inject(CLIENT);
  if (!client) throw new Error('no client was provided to this application');
  return client;
}
