/** Proof key for code exchange (RFC 7636). Browsers offer SHA-256 to https and localhost only, so it is here. */

/** 256 random bits as 43 characters: a verifier. */
export function randomText() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** The challenge of a verifier of 43 to 55 characters: its SHA-256. */
export function challengeOf(verifier) {
  return base64url(sha256(verifier));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Of a text that fits into one block: at most 55 ASCII characters (FIPS 180-4 section 6.2). */
function sha256(text) {
  const block = new DataView(new ArrayBuffer(64));
  [...text].forEach((character, index) => block.setUint8(index, character.charCodeAt(0)));
  block.setUint8(text.length, 0x80);
  block.setUint32(60, text.length * 8);
  const words = Array.from({ length: 16 }, (_, index) => block.getUint32(index * 4));
  for (let index = 16; index < 64; index++) {
    const [early, late] = [words[index - 15], words[index - 2]];
    const first = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const second = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[index] = (words[index - 16] + first + words[index - 7] + second) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let index = 0; index < 64; index++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + ROUNDS[index] + words[index]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
  }
  const digest = new DataView(new ArrayBuffer(32));
  [a, b, c, d, e, f, g, h].forEach((word, index) => digest.setInt32(index * 4, (word + START[index]) | 0));
  return new Uint8Array(digest.buffer);
}

function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

// The first 32 bits of the fractions of the roots of the first primes (FIPS 180-4 sections 4.2.2 and 5.3.3).
const PRIMES = [];
for (let number = 2; PRIMES.length < 64; number++) {
  if (PRIMES.every((prime) => number % prime)) {
    PRIMES.push(number);
  }
}
const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUNDS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
