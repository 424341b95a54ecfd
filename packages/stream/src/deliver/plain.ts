// Controls, and the marks that turn the direction of what follows: a name must not change the look of its neighbours.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Text without what cannot be seen. */
export const plain = (text: string): string => text.replace(UNSEEN, ' ');
