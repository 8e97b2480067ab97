// Exact numbers: a JavaScript number where it holds the value, else a Fraction, else a Rounded one, which says so.

const MOST_BITS = 16384; // of a fraction: states of filters stay below for thousands of steps, x² of x² of … does not
const SPLIT = 134217729; // 2²⁷ + 1, after Veltkamp and Dekker: it cuts a number into two halves
const PLAIN = 2 ** 400; // products of numbers between this and its inverse neither overflow nor underflow

export class Fraction {
  constructor(over, under) {
    this.over = over;
    this.under = under;
  }
}

/** A float64 near the value, where the value itself has too many digits. */
export class Rounded {
  constructor(near) {
    this.near = near;
  }
}

function commonDivisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

const bits = (whole) => whole.toString(16).length * 4;

/** over / under as the simplest kind of number that holds it. */
export function ratio(over, under) {
  if (under < 0n) [over, under] = [-over, -under];
  const divisor = commonDivisor(over, under);
  if (divisor > 1n) [over, under] = [over / divisor, under / divisor];
  if (bits(over) + bits(under) > MOST_BITS) return new Rounded(nearest(over, under));
  if ((under & (under - 1n)) === 0n) {
    const near = nearest(over, under);
    if (Number.isFinite(near) && parts(near).every((part, i) => part === [over, under][i])) return near;
  }
  return new Fraction(over, under);
}

function nearest(over, under) {
  const shift = BigInt(Math.max(0, 80 + bits(under) - bits(over)));
  const quotient = (over << shift) / under;
  const extra = BigInt(Math.max(0, bits(quotient) - 900));
  const power = Number(extra) - Number(shift);
  const half = Math.trunc(power / 2); // in two steps, since 2 to the power may be no float
  return Number(quotient >> extra) * 2 ** half * 2 ** (power - half);
}

/** A number as [over, under], both BigInt. */
export function parts(number) {
  if (number instanceof Fraction) return [number.over, number.under];
  let power = 0n;
  let scaled = number;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    power += 1n;
  }
  return [BigInt(scaled), 1n << power];
}

/** The number that text such as 3, -0.5, 1e-3 or 1/3 stands for; null for any other text. */
export function parsed(text) {
  if (typeof text === "number") return text;
  const found = /^\s*([+\-−]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?(?:\/(\d+))?\s*$/.exec(text);
  if (!found || !(found[2] || found[3]) || (found[5] && (found[3] !== undefined || found[4]))) return null;
  const [, sign, whole, decimals = "", exponent = "0", divisor = "1"] = found;
  if (BigInt(divisor) === 0n) return null;
  const power = Number(exponent) - decimals.length;
  const scale = 10n ** BigInt(Math.abs(power));
  const digits = BigInt(whole + decimals) * (sign && sign !== "+" ? -1n : 1n);
  return power < 0 ? ratio(digits, BigInt(divisor) * scale) : ratio(digits * scale, BigInt(divisor));
}

export function toFloat(number) {
  if (typeof number === "number") return number;
  return number instanceof Rounded ? number.near : nearest(number.over, number.under);
}

export function isRounded(number) {
  return number instanceof Rounded;
}

export function sign(number) {
  if (number instanceof Fraction) return number.over > 0n ? 1 : -1; // 0 is never a fraction
  return Math.sign(toFloat(number));
}

export function equal(a, b) {
  if (typeof a === "number" || typeof b === "number") return a === b;
  if (isRounded(a) || isRounded(b)) return isRounded(a) && isRounded(b) && a.near === b.near;
  return a.over === b.over && a.under === b.under;
}

/** a / b for exact numbers. */
export function quotient(a, b) {
  const [[over, under], [byOver, byUnder]] = [parts(a), parts(b)];
  return ratio(over * byUnder, under * byOver);
}

export function difference(a, b) {
  return weightedSum(a, [b], [-1]);
}

export function isWhole(number) {
  return typeof number === "number" ? Number.isInteger(number) : number instanceof Fraction && number.under === 1n;
}

/** What the float64 product a · b is off. */
function productError(a, b, product) {
  const upperA = SPLIT * a - (SPLIT * a - a);
  const upperB = SPLIT * b - (SPLIT * b - b);
  const [lowerA, lowerB] = [a - upperA, b - upperB];
  return lowerA * lowerB - (product - upperA * upperB - lowerA * upperB - upperA * lowerB);
}

function productIsExact(a, b, product) {
  if (typeof a !== "number" || typeof b !== "number") return false;
  if (product === 0) return a === 0 || b === 0;
  if (Math.abs(product) <= 2 ** 53 && Number.isInteger(a) && Number.isInteger(b)) return true;
  const [sizeA, sizeB] = [Math.abs(a), Math.abs(b)];
  const plain = sizeA < PLAIN && sizeB < PLAIN && sizeA > 1 / PLAIN && sizeB > 1 / PLAIN;
  return plain && productError(a, b, product) === 0;
}

function sumIsExact(a, b, sum) {
  if (typeof a !== "number") return false;
  const back = sum - a;
  return a - (sum - back) + (b - back) === 0 && Number.isFinite(sum);
}

export function product(a, b) {
  const found = a * b;
  if (productIsExact(a, b, found)) return found;
  if (a === 0 || b === 0) return 0;
  if (isRounded(a) || isRounded(b)) return new Rounded(toFloat(a) * toFloat(b));
  const [[over, under], [byOver, byUnder]] = [parts(a), parts(b)];
  return ratio(over * byOver, under * byUnder);
}

/**
 * constant + Σ weight · number: in floats while each of them is exact, which is checked, else in fractions.
 * With `order`, the numbers are those at these places.
 */
export function weightedSum(constant, numbers, weights, order = null) {
  let sum = constant;
  for (let i = 0; i < weights.length; i++) {
    const number = order === null ? numbers[i] : numbers[order[i]];
    const term = number * weights[i]; // of a fraction it is not a number, and so not exact
    const next = sum + term;
    if (!productIsExact(number, weights[i], term) || !sumIsExact(sum, term, next)) {
      const taken = order === null ? numbers : order.map((place) => numbers[place]);
      return sumOfFractions(constant, taken, weights);
    }
    sum = next;
  }
  return sum;
}

function sumOfFractions(constant, numbers, weights) {
  if (isRounded(constant) || numbers.some(isRounded)) {
    const near = numbers.reduce((sum, number, i) => sum + toFloat(number) * toFloat(weights[i]), toFloat(constant));
    return new Rounded(near);
  }
  let [over, under] = parts(constant);
  for (let i = 0; i < numbers.length; i++) {
    const [[a, b], [c, d]] = [parts(numbers[i]), parts(weights[i])];
    const [termOver, termUnder] = [a * c, b * d];
    if (termUnder === under) over += termOver;
    else [over, under] = [over * termUnder + termOver * under, under * termUnder];
  }
  return ratio(over, under);
}
