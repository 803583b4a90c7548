"""How far numbers may drift apart before float64 gives out: every bound, derived once.

All bounds are powers of two. A float64 keeps its 53 bits from 2^-FULL up to 2^1024; below that it
loses digits, and an operation is off by up to 2^-1075. So 2^-FULL is the least number whose digits
count, 2^FULL the largest power whose reciprocal has them all, and a move by 2^BEYOND makes 0 or
infinity of any number, since there are no more powers than from 2^-1074 to 2^1023. A row is the
signals of one target, held over a power of two of its own. There are two ways to know that a step
back loses nothing of it.

**Before the step.** A row within 2^-ROW .. 2^ROW meets factors within 2^-FACTOR .. 2^FACTOR. What
comes of it is squared for a norm, at worst 2^(-2 (ROW + FACTOR)) = 2^-1000: a full float64. A
product of two such rows, of a target and of a source step, is at worst 2^(-2 ROW) = 2^-800. What
ends a longer chain of products has to lie within 2^-PLAIN .. 2^PLAIN; 2^22 are left for sums.

**After the step.** Saturated units break these bounds in every step, and nearly always without
harm: what they make small is added to what is large. So factors below 2^-FLUSHED count as 0, the
step is taken, and each number that comes of it is looked at. Let 2^high bound the row before, and
2^most what the step can multiply a number by, sums included. All that was left out, or underflowed
on the way, changes a number of the result by at most

    2^(high + most - FLUSHED) + 2^(most - FULL)  <  2^(high + most - FLUSHED + 1).

A number of at least 2^(high + most - FLUSHED + SEEN) is then off by less than 2^(1 - SEEN) of
itself. That is below the 2^-53 by which float64 rounds, and like it relative to the number and not
to the row: such errors add up as those of rounding do, over any number of steps, and no bound need
be carried along with a row. Where high is below FLUSHED - FULL the second part is the larger one,
and 2^(most - FULL + SEEN) the least that is right. A 0 is right where no path of factors other than
0 leads to it. A row with any other number takes the step again, from where it was, with an exponent
for each number.

The same holds of a norm. Where numbers up to 2^a and slopes up to 2^b are squared before they are
multiplied, a and b 0 or more, the square of the norm is off by at most 2^(2 a + 2 b - 1021) for
each of them, and so right, to 2^-50 of itself, where it is at least 2^(2 a + 2 b - SQUARE).

**Products of a row and a column.** Rows and columns of numbers below 1, of which those below
2^-FULL are left out, lose at most 2^-1021 for each product in the sum. Where all numbers lie within
2^-ROW nothing is left out. Columns that lie further apart are parted into pieces: over their
largest numbers, every number of a piece is within 2^ROW of the number of the same signal in the
first column, and is 0 exactly where that is 0. The numbers of a row are multiplied by the powers of
two of the first column, and the columns divided by them, so that these lie within 2^(-2 ROW). The
largest number of a row, at least 1/2, then meets one of at least 2^(-2 ROW - 2), or there is
nothing to meet. Its product is above 2^-804, and all that is left out below 2^-216 of it.

**Parts of a norm.** What is squared and added may stand over different powers of two, the larger of
which is taken for all. Numbers of one row that were found in these ways lie within
2^(FLUSHED - SEEN) of each other over their powers, so what falls below 2^-FULL is less than 2^-186
of the whole.

**From row to row.** A class of paths hands its row to another, whose power of two may be any. A row
up to 2^MOVED larger is brought to that of the receiver, so 2^MOVED bounds the numbers before the
step. A row that is larger still brings its own, and the receiver's numbers are moved instead. What
such a move made small is looked at as after any step.

**Differences.** float64 rounds a difference of two numbers up to 2^a only where it rounded them, by
2^(a - 53) at most. One of at least 2^(a - CLOSE) keeps 53 - CLOSE bits.
"""

from __future__ import annotations

# The range of float64.
FULL = 1022
LEAST_FULL = 2.0**-FULL
BEYOND = 2100

# The power of two of the smallest number of rows where it is not known: no float64 has one as low.
UNKNOWN = -(2**40)

# Rows of plain numbers, and the factors that they meet.
ROW = 400
FACTOR = 100

# Numbers at the end of a chain of products.
PLAIN = 1000

# Factors smaller than this are left out of a step whose result is looked at, and what weights
# multiplied does not share an exponent if it lies further apart, in a total; what is this much
# smaller than what it is added to is not seen; and such a step may grow by no more than this.
FLUSHED = 900
SEEN = 64
GROWTH = 400

# What one row hands to another may move by this without a look at it.
MOVED = 150

# Bits that a difference may lose before it is made another way.
CLOSE = 13

# The least square of a norm that is right, of numbers up to 1.
SQUARE = 900


def least_right(high: int, most: int) -> float:
    """The least size of a number that is right, of a step whose result is looked at.

    Parameters
    ----------
    high : int
        No number of the rows is above 2^high before the step.
    most : int
        What the step can multiply a number by, as a power of two; high + most <= GROWTH.
    """
    return float(2.0 ** (high + most - FLUSHED + SEEN))


def least_seen(most: int) -> float:
    """The least size of a number in which nothing is seen that underflowed on the way to it.

    Parameters
    ----------
    most : int
        As in `least_right`.
    """
    return float(2.0 ** (most - FULL + SEEN))
