/* Integers of any length as cfrac.c has them: blocks of 4 to 32 bytes, with a count of their
   references, and a new one for every result.

   Functions use up the references that they are given, unless they say otherwise; what they return
   is the caller's. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An integer, not negative: the lowest digit first, the highest is not 0. */
typedef struct number
{
  uint16_t references, length;
  uint32_t digits[];
} *number;

static number
fresh (size_t length)
{
  number made = malloc (sizeof *made + length * sizeof made->digits[0]);
  if (made == NULL)
    abort ();
  made->references = 1;
  made->length = (uint16_t) length;
  memset (made->digits, 0, length * sizeof made->digits[0]);
  return made;
}

static number
keep (number it)
{
  it->references++;
  return it;
}

static void
drop (number it)
{
  if (--it->references == 0)
    free (it);
}

static number
trimmed (number it)
{
  while (it->length > 0 && it->digits[it->length - 1] == 0)
    it->length--;
  return it;
}

static number
small (uint32_t value)
{
  number made = fresh (1);
  made->digits[0] = value;
  return trimmed (made);
}

/* Uses up nothing. */
static int
compare (number a, number b)
{
  if (a->length != b->length)
    return a->length < b->length ? -1 : 1;
  for (int i = a->length - 1; i >= 0; i--)
    if (a->digits[i] != b->digits[i])
      return a->digits[i] < b->digits[i] ? -1 : 1;
  return 0;
}

static number
add (number a, number b)
{
  int length = a->length > b->length ? a->length : b->length;
  number sum = fresh (length + 1);
  uint64_t carry = 0;
  for (int i = 0; i <= length; i++, carry >>= 32)
    {
      carry += (i < a->length ? a->digits[i] : 0);
      carry += (i < b->length ? b->digits[i] : 0);
      sum->digits[i] = (uint32_t) carry;
    }
  drop (a), drop (b);
  return trimmed (sum);
}

/* b is not greater than a. */
static number
subtract (number a, number b)
{
  number difference = fresh (a->length);
  int64_t borrow = 0;
  for (int i = 0; i < a->length; i++, borrow >>= 32)
    {
      borrow += (int64_t) a->digits[i] - (i < b->length ? b->digits[i] : 0);
      difference->digits[i] = (uint32_t) borrow;
    }
  drop (a), drop (b);
  return trimmed (difference);
}

static number
multiply (number a, number b)
{
  number product = fresh (a->length + b->length);
  for (int i = 0; i < a->length; i++)
    {
      uint64_t carry = 0;
      for (int j = 0; j < b->length; j++, carry >>= 32)
        {
          carry += (uint64_t) a->digits[i] * b->digits[j] + product->digits[i + j];
          product->digits[i + j] = (uint32_t) carry;
        }
      product->digits[i + b->length] = (uint32_t) carry;
    }
  drop (a), drop (b);
  return trimmed (product);
}

static number
divide_by_digit (number a, uint32_t divisor, uint32_t *remainder)
{
  number quotient = fresh (a->length);
  uint64_t rest = 0;
  for (int i = a->length - 1; i >= 0; i--)
    {
      rest = rest << 32 | a->digits[i];
      quotient->digits[i] = (uint32_t) (rest / divisor);
      rest %= divisor;
    }
  drop (a);
  *remainder = (uint32_t) rest;
  return trimmed (quotient);
}

/* A copy with one digit more, shifted to the left by less than a digit. */
static number
shifted (number a, int bits)
{
  number made = fresh (a->length + 1);
  for (int i = 0; i < a->length; i++)
    {
      uint64_t both = (uint64_t) a->digits[i] << bits;
      made->digits[i] |= (uint32_t) both;
      made->digits[i + 1] = (uint32_t) (both >> 32);
    }
  drop (a);
  return made;
}

/* rest[0 .. length] -= factor * divisor. Returns whether that is below zero. */
static int
take_multiple (uint32_t *rest, number divisor, int length, int64_t factor)
{
  int64_t borrow = 0;
  uint64_t carry = 0;
  for (int i = 0; i <= length; i++, borrow >>= 32, carry >>= 32)
    {
      carry += (uint64_t) factor * (i < length ? divisor->digits[i] : 0);
      borrow += (int64_t) rest[i] - (uint32_t) carry;
      rest[i] = (uint32_t) borrow;
    }
  return borrow < 0;
}

static void
add_back (uint32_t *rest, number divisor, int length)
{
  uint64_t carry = 0;
  for (int i = 0; i <= length; i++, carry >>= 32)
    {
      carry += (uint64_t) rest[i] + (i < length ? divisor->digits[i] : 0);
      rest[i] = (uint32_t) carry;
    }
}

/* Knuth's algorithm D. */
static number
divide (number a, number b, number *remainder)
{
  int length = b->length, steps = a->length - length;
  if (length == 1)
    {
      uint32_t rest;
      number quotient = divide_by_digit (a, b->digits[0], &rest);
      drop (b);
      *remainder = small (rest);
      return quotient;
    }
  if (steps < 0)
    {
      drop (b);
      *remainder = a;
      return small (0);
    }
  int bits = __builtin_clz (b->digits[length - 1]);
  number rest = shifted (a, bits), divisor = shifted (b, bits), quotient = fresh (steps + 1);
  uint32_t top = divisor->digits[length - 1];
  for (int i = steps; i >= 0; i--)
    {
      uint32_t *at = rest->digits + i;
      uint64_t guess = ((uint64_t) at[length] << 32 | at[length - 1]) / top;
      if (guess > UINT32_MAX)
        guess = UINT32_MAX;
      if (take_multiple (at, divisor, length, (int64_t) guess))
        for (guess--; add_back (at, divisor, length), at[length] != 0; guess--)
          continue;
      quotient->digits[i] = (uint32_t) guess;
    }
  drop (divisor);
  uint32_t none;
  *remainder = divide_by_digit (trimmed (rest), (uint32_t) 1 << bits, &none);
  return trimmed (quotient);
}

static number
quotient (number a, number b)
{
  number rest, result = divide (a, b, &rest);
  drop (rest);
  return result;
}

static number
product_modulo (number a, number b, number n)
{
  number rest;
  drop (divide (multiply (a, b), keep (n), &rest));
  drop (n);
  return rest;
}

static number
greatest_common_divisor (number a, number b)
{
  while (b->length > 0)
    {
      number rest;
      drop (divide (a, keep (b), &rest));
      a = b;
      b = rest;
    }
  drop (b);
  return a;
}

/* Newton's way, from above. */
static number
square_root (number n)
{
  number guess = keep (n);
  for (;;)
    {
      uint32_t odd;
      number sum = add (keep (guess), quotient (keep (n), keep (guess)));
      number next = divide_by_digit (sum, 2, &odd);
      if (compare (next, guess) >= 0)
        {
          drop (next), drop (n);
          return guess;
        }
      drop (guess);
      guess = next;
    }
}

static number
number_of (const char *decimal)
{
  number made = small (0);
  for (; *decimal != '\0'; decimal++)
    made = add (multiply (made, small (10)), small ((uint32_t) (*decimal - '0')));
  return made;
}

static void
print (number it)
{
  char text[100], *begin = text + sizeof text - 1;
  *begin = '\0';
  do
    {
      uint32_t digit;
      it = divide_by_digit (it, 10, &digit);
      *--begin = (char) ('0' + digit);
    }
  while (it->length > 0);
  drop (it);
  fputs (begin, stdout);
}
