-- The statistics of schemas/statistics.py, operation by operation, so that both give the same
-- to the last digit (tests/metrics proves it). Functions belong to the server, not to a database.

CREATE OR REPLACE FUNCTION dd_value AS (bin) ->
    if(bin <= 1, 0., round(2 * pow((1 + 0.01) / (1 - 0.01), toFloat64(bin) - 2) / ((1 + 0.01) / (1 - 0.01) + 1) * 1000) / 1000);

CREATE OR REPLACE FUNCTION dd_quantile AS (bins, q) ->
    if(arrayExists(n -> n > 0, mapValues(bins)),
       dd_value(arrayFirst(
           (bin, reached) -> reached >= ceil(arraySum(n -> greatest(n, 0), mapValues(bins)) * q),
           arraySort(mapKeys(bins)),
           arrayCumSum(n -> greatest(n, 0), arraySort((n, bin) -> bin, mapValues(bins), mapKeys(bins))))),
       NULL);

CREATE OR REPLACE FUNCTION wilson_low AS (successes, n) ->
    if(successes < 0 OR successes > n OR n <= 0, NULL,
       greatest(0., (successes / n + 1.959963984540054 * 1.959963984540054 / (2 * n)) / (1 + 1.959963984540054 * 1.959963984540054 / n)
           - 1.959963984540054 * sqrt(successes / n * (1 - successes / n) / n + 1.959963984540054 * 1.959963984540054 / (4 * toFloat64(n) * toFloat64(n))) / (1 + 1.959963984540054 * 1.959963984540054 / n)));

CREATE OR REPLACE FUNCTION wilson_high AS (successes, n) ->
    if(successes < 0 OR successes > n OR n <= 0, NULL,
       least(1., (successes / n + 1.959963984540054 * 1.959963984540054 / (2 * n)) / (1 + 1.959963984540054 * 1.959963984540054 / n)
           + 1.959963984540054 * sqrt(successes / n * (1 - successes / n) / n + 1.959963984540054 * 1.959963984540054 / (4 * toFloat64(n) * toFloat64(n))) / (1 + 1.959963984540054 * 1.959963984540054 / n)));

-- Kaplan and Meier: closed is a map of bins to counts, ages a map of ages in ms to counts.
-- The fold carries (at risk, size of the block since the last open age, share at its start,
-- answer or -1); an open age begins a new block.
CREATE OR REPLACE FUNCTION survival_quantile AS (closed, ages, tail) ->
    nullIf(tupleElement(arrayFold(
        (state, step) -> if(step.2 = 1,
            (state.1 - step.3, state.1 - step.3, state.3 * state.1 / state.2, state.4),
            (state.1 - step.3, state.2, state.3,
             if(state.4 < 0 AND state.3 * (state.1 - step.3) / state.2 <= tail, step.1, state.4))),
        arraySort(arrayFilter(step -> step.3 > 0, arrayConcat(
            arrayMap((bin, n) -> (dd_value(bin), 0, toInt64(n)), mapKeys(closed), mapValues(closed)),
            arrayMap((age, n) -> (toFloat64(age), 1, toInt64(n)), mapKeys(ages), mapValues(ages))))),
        (toInt64(arraySum(n -> greatest(n, 0), mapValues(closed)) + arraySum(n -> greatest(n, 0), mapValues(ages))),
         toInt64(arraySum(n -> greatest(n, 0), mapValues(closed)) + arraySum(n -> greatest(n, 0), mapValues(ages))),
         toFloat64(1), toFloat64(-1))), 4), -1.);
