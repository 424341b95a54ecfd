import { ChdbNodeEngine, QueryClass } from 'chdb/durable/node';

/** How the engine's own parser understands a text. `unknown` did not parse. */
export interface Reading {
  readonly statements: number;
  readonly kind: 'reading' | 'changing' | 'unknown';
}

/** The engine's parser, without running anything. Wants the engine to be open on `dataDir` in this process. */
export class Parser implements AsyncDisposable {
  readonly #engine: ChdbNodeEngine;

  private constructor(engine: ChdbNodeEngine) {
    this.#engine = engine;
  }

  static async open(dataDir: string): Promise<Parser> {
    const engine = new ChdbNodeEngine();
    await engine.start({ dataPath: dataDir, backupsAllowedPath: dataDir });
    return new Parser(engine);
  }

  async read(text: string): Promise<Reading> {
    const { statementCount, queryClass } = await this.#engine.analyze(text, 'vacancy');
    if (queryClass === QueryClass.Unknown) return { statements: statementCount, kind: 'unknown' };
    return { statements: statementCount, kind: queryClass === QueryClass.ReadOnly ? 'reading' : 'changing' };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine.close();
  }
}
