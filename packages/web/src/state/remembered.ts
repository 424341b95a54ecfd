/**
 * What `make` says of an object, worked out once. A row that changed is a new object: of 1,000 rows with eight cards each, most have been asked before,
 * and their cards need not be walked through again. What is not used any more is forgotten with its object.
 */
export function remembered<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, V>();
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found;
    const made = make(of);
    known.set(of, made);
    return made;
  };
}
