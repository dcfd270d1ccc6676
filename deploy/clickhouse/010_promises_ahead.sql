-- streams/core/remedy.py, operation by operation. ``due`` maps the ms that are left to the minute of
-- a deadline (0 and less: this minute) to the number of running clocks; integers until the end.

CREATE OR REPLACE FUNCTION due_gaps AS (due) ->
    arraySort(arrayFilter(gap -> gap > 0, mapKeys(due)));

CREATE OR REPLACE FUNCTION due_counts AS (due) ->
    arraySort((many, gap) -> gap,
        arrayFilter((many, gap) -> gap > 0, mapValues(due), mapKeys(due)),
        arrayFilter(gap -> gap > 0, mapKeys(due)));

CREATE OR REPLACE FUNCTION due_within AS (due, within_ms) ->
    arraySum((gap, many) -> if(gap <= within_ms, many, 0), mapKeys(due), mapValues(due));

CREATE OR REPLACE FUNCTION next_breach_ms AS (due, done, span_ms) ->
    if(arrayExists(gap -> gap <= 0, mapKeys(due)), toInt64(0),
       nullIf(arrayFirst(
           (gap, queued) -> toInt128(done) * gap < toInt128(queued) * span_ms,
           due_gaps(due), arrayCumSum(due_counts(due))), 0));

CREATE OR REPLACE FUNCTION breaches_ahead AS (due, done, span_ms) ->
    arraySum(
        (gap, many, queued) -> greatest(toInt128(0), toInt128(queued)
            - greatest(intDiv(toInt128(done) * gap, greatest(span_ms, 1)), toInt128(queued - many))),
        due_gaps(due), due_counts(due), arrayCumSum(due_counts(due)));

CREATE OR REPLACE FUNCTION people_ahead AS (due, handle_ms) ->
    arrayMax(arrayMap(
        (gap, queued) -> intDiv(toInt128(queued) * handle_ms * 20 + toInt128(gap) * 17 - 1, toInt128(gap) * 17),
        due_gaps(due), arrayCumSum(due_counts(due))));

CREATE OR REPLACE FUNCTION people_ahead_ms AS (due) ->
    arrayFirst(gap -> 1, arrayReverseSort(
        (gap, queued) -> (queued / gap, gap),
        due_gaps(due), arrayCumSum(due_counts(due))));
