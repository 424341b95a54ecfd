const FATAL = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGTSTP'] as const;

/**
 * chDB's handlers for fatal signals never return: a crash or an exhausted heap would hang the process for ever instead
 * of ending it. Adding and removing a listener makes libuv restore the default action. Call after the first session.
 */
export function restoreFatalSignals(): void {
  for (const signal of FATAL) {
    const listener = (): void => {};
    process.on(signal, listener);
    process.off(signal, listener);
  }
}
