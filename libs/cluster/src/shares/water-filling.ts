/**
 * Divides an amount by demand, as water fills a vessel with an uneven floor: everyone gets what it asks for up to one
 * common level, and the level is such that all is given. Who asks for little gets it in full; what the modest leave is
 * for the others. When all are served, the rest is divided equally, because nobody knows who will ask next.
 *
 * Everyone who fills the same amount for the same demands gets the same answer: nothing needs to be agreed on.
 */

/** The parts of `amount`, in the order of `demands`; their sum is the amount, or nothing when there is none. */
export function fill(amount: number, demands: readonly number[]): number[] {
  if (!(amount > 0)) return demands.map(() => 0);
  const asked = sum(demands);
  if (asked <= amount) {
    const surplus = (amount - asked) / demands.length;
    return demands.map((demand) => demand + surplus);
  }
  const level = levelOf(amount, demands);
  return demands.map((demand) => Math.min(demand, level));
}

/** The same in whole units: each part is rounded down, and the units left over go to the largest remainders. */
export function fillWhole(amount: number, demands: readonly number[]): number[] {
  const whole = Math.floor(Math.max(0, amount));
  const parts = fill(whole, demands);
  const given = parts.map((part) => Math.floor(part + ROUNDING));
  const remainder = (place: number) => (parts[place] ?? 0) - (given[place] ?? 0);
  const places = parts.map((_, place) => place).sort((one, other) => remainder(other) - remainder(one) || one - other);
  for (const place of places.slice(0, Math.max(0, whole - sum(given)))) given[place] = (given[place] ?? 0) + 1;
  return given;
}

/** Sums of floats fall short of whole numbers by less than this. */
const ROUNDING = 1e-6;

function levelOf(amount: number, demands: readonly number[]): number {
  const ascending = Float64Array.from(demands).sort();
  let left = amount;
  let takers = ascending.length;
  for (const demand of ascending) {
    if (demand * takers >= left) return left / takers;
    left -= demand;
    takers--;
  }
  return Number.POSITIVE_INFINITY;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
