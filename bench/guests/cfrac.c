/* Factors numbers by continued fractions (Morrison and Brillhart, 1975), as the benchmark cfrac
   does, which papers on malloc have measured with since the nineties. Written anew from the
   published method; what it has of cfrac is what that asks of malloc: every result of arithmetic is
   a block of its own of 4 to 32 bytes, freed as a rule before ten others have been allocated; few
   stay. Prints the factors. */

#include "numbers.h"

enum { MOST_PRIMES = 128, WORDS = MOST_PRIMES / 32 };

/* x * x is y * y times those primes that are marked, modulo n. Number 0 of the primes is -1. */
typedef struct relation
{
  number x, y;
  uint32_t marked[WORDS];
} relation;

/* A number that is being factored. */
static number n;
static uint32_t primes[MOST_PRIMES];
static int prime_count;
/* By the first prime that they have marked. */
static relation *known[MOST_PRIMES];

static int
is_prime (uint32_t candidate)
{
  for (uint32_t i = 2; i * i <= candidate; i++)
    if (candidate % i == 0)
      return 0;
  return 1;
}

/* Whether n is a square modulo a prime, by Euler's criterion. */
static int
is_square_modulo (uint32_t prime)
{
  uint32_t base, power = 1;
  drop (divide_by_digit (keep (n), prime, &base));
  for (uint32_t exponent = (prime - 1) / 2; exponent > 0; exponent /= 2)
    {
      if (exponent % 2 == 1)
        power = power * base % prime;
      base = base * base % prime;
    }
  return power <= 1;
}

static void
choose_primes (int count)
{
  prime_count = 1;
  for (uint32_t candidate = 2; prime_count < count; candidate++)
    if (is_prime (candidate) && is_square_modulo (candidate))
      primes[prime_count++] = candidate;
}

static void
mark (relation *it, int prime)
{
  uint32_t bit = (uint32_t) 1 << prime % 32;
  /* A prime that was there makes a square with this one. */
  if ((it->marked[prime / 32] & bit) != 0 && prime > 0)
    it->y = product_modulo (it->y, small (primes[prime]), keep (n));
  it->marked[prime / 32] ^= bit;
}

static int
is_marked (const relation *it, int prime)
{
  return it->marked[prime / 32] >> prime % 32 & 1;
}

static void
forget (relation *it)
{
  drop (it->x), drop (it->y);
  free (it);
}

/* x * x is value modulo n, or -value. Returns NULL unless the primes divide all of it. */
static relation *
relation_of (number x, number value, int is_negative)
{
  relation *made = calloc (1, sizeof *made);
  if (made == NULL)
    abort ();
  made->x = x;
  made->y = small (1);
  if (is_negative)
    mark (made, 0);
  for (int i = 1; i < prime_count; i++)
    for (;;)
      {
        uint32_t rest;
        number quotient = divide_by_digit (keep (value), primes[i], &rest);
        number kept = rest == 0 ? quotient : value;
        drop (rest == 0 ? value : quotient);
        value = kept;
        if (rest != 0)
          break;
        mark (made, i);
      }
  int is_smooth = value->length == 1 && value->digits[0] == 1;
  drop (value);
  if (is_smooth)
    return made;
  forget (made);
  return NULL;
}

/* Returns a factor of n if a square comes of a relation and those known; it is kept otherwise. */
static number
factor_by (relation *it)
{
  for (int i = 0; i < prime_count; i++)
    if (is_marked (it, i))
      {
        const relation *other = known[i];
        if (other == NULL)
          {
            known[i] = it;
            return NULL;
          }
        it->x = product_modulo (it->x, keep (other->x), keep (n));
        it->y = product_modulo (it->y, keep (other->y), keep (n));
        for (int j = i; j < prime_count; j++)
          if (is_marked (other, j))
            mark (it, j);
      }
  number factor = greatest_common_divisor (add (keep (it->x), keep (it->y)), keep (n));
  forget (it);
  if (compare (factor, n) != 0 && (factor->length > 1 || factor->digits[0] != 1))
    return factor;
  drop (factor);
  return NULL;
}

/* Expands the square root of n: x[i] * x[i] is (-1)^i * q[i], modulo n, and q is small. */
static number
factor_of_n (void)
{
  number root = square_root (keep (n)), factor = NULL;
  number p = small (0), q = small (1), term = keep (root), x_before = small (1), x = keep (root);
  for (int is_negative = 1; factor == NULL; is_negative = !is_negative)
    {
      p = subtract (multiply (term, keep (q)), p);
      q = quotient (subtract (keep (n), multiply (keep (p), keep (p))), q);
      term = quotient (add (keep (root), keep (p)), keep (q));
      relation *found = relation_of (keep (x), keep (q), is_negative);
      if (found != NULL)
        factor = factor_by (found);
      number next = add (product_modulo (keep (term), keep (x), keep (n)), x_before);
      x_before = x;
      x = next;
    }
  drop (root), drop (p), drop (q), drop (term), drop (x_before), drop (x);
  return factor;
}

static void
factorise (const char *decimal, int base)
{
  n = number_of (decimal);
  choose_primes (base);
  number factor = factor_of_n (), other = quotient (keep (n), keep (factor));
  int is_first = compare (factor, other) < 0;
  printf ("%s = ", decimal);
  print (is_first ? keep (factor) : keep (other));
  printf (" * ");
  print (is_first ? other : factor);
  printf ("\n");
  drop (is_first ? factor : other);
  for (int i = 0; i < prime_count; i++)
    if (known[i] != NULL)
      forget (known[i]), known[i] = NULL;
  drop (n);
}

int
main (void)
{
  /* Each of two primes of half its length. */
  factorise ("28198404253956575113", 60);
  factorise ("1560993231241661041859", 70);
  factorise ("103147500769467107231501", 70);
  factorise ("380160229630139538695447", 80);
  return 0;
}
