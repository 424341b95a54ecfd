/** Resources in the order they were made, released in reverse. (Node 20 has no AsyncDisposableStack.) */
export class Lifetime implements AsyncDisposable {
  readonly #resources: AsyncDisposable[] = [];

  own<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  onEnd(release: () => Promise<void> | void): void {
    this.own({ [Symbol.asyncDispose]: async () => release() });
  }

  /** Releases everything even where one release fails; the first failure is thrown at the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let resource = this.#resources.pop(); resource; resource = this.#resources.pop()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
