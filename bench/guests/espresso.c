/* Minimises functions of two levels of logic, as the benchmark espresso does (Brayton and others,
   1984), which papers on malloc have measured with since the nineties. Written anew from the
   published method: expand, irredundant and reduce, with complements and tautologies by Shannon's
   expansion. What it has of espresso is what that asks of malloc: sets of a few words, of which
   some stay as long as the function and most go with the step of a recursion that made them, and
   arrays of them that grow by realloc. Prints how many cubes each function has before and after. */

#include "cubes.h"

static int
meets_any (const cover *function, const uint32_t *it)
{
  for (int i = 0; i < function->count; i++)
    if (meets (function->sets[i], it))
      return 1;
  return 0;
}

/* Makes cubes as large as they can be, and drops those that are in others then. */
static void
expand (cover *function, const cover *off)
{
  for (int i = 0; i < function->count; i++)
    {
      if (function->sets[i][0] == 0)
        for (int variable = 0; variable < variables; variable++)
          {
            set larger = copy (function->sets[i]);
            free_to (larger, variable);
            if (meets_any (off, larger))
              free (larger);
            else
              free (function->sets[i]), function->sets[i] = larger;
          }
      function->sets[i][0] = 1;
      for (int j = function->count - 1; j >= 0; j--)
        if (j != i && contains (function->sets[i], function->sets[j]))
          {
            remove_at (function, j);
            i -= j < i;
          }
    }
}

/* Drops cubes that the others cover together. */
static void
make_irredundant (cover *function)
{
  for (int i = function->count - 1; i >= 0; i--)
    {
      cover others = cofactor (function, function->sets[i], i);
      if (is_tautology (&others))
        remove_at (function, i);
      release (&others);
    }
}

/* Makes cubes as small as the others let them be: to be expanded in other directions. */
static void
reduce (cover *function)
{
  for (int i = 0; i < function->count; i++)
    {
      cover others = cofactor (function, function->sets[i], i), rest = complement (&others);
      set smaller = copy (function->sets[i]);
      for (int j = 1; j <= words; j++)
        {
          uint32_t needed = 0;
          for (int k = 0; k < rest.count; k++)
            needed |= rest.sets[k][j];
          smaller[j] &= needed;
        }
      smaller[0] = contains (smaller, function->sets[i]);
      free (function->sets[i]);
      function->sets[i] = smaller;
      release (&others), release (&rest);
    }
}

static cover
duplicate (const cover *function)
{
  cover made = { NULL, 0, 0 };
  for (int i = 0; i < function->count; i++)
    append (&made, copy (function->sets[i]));
  return made;
}

static int
cost (const cover *function)
{
  int sum = 1000 * function->count;
  for (int i = 0; i < function->count; i++)
    sum += literals (function->sets[i]);
  return sum;
}

static cover
minimised (const cover *function, const cover *off)
{
  cover best = duplicate (function);
  expand (&best, off);
  make_irredundant (&best);
  for (;;)
    {
      cover next = duplicate (&best);
      reduce (&next);
      expand (&next, off);
      make_irredundant (&next);
      int is_better = cost (&next) < cost (&best);
      release (is_better ? &best : &next);
      if (!is_better)
        return best;
      best = next;
    }
}

static int
includes (const cover *outer, const cover *inner)
{
  int holds = 1;
  for (int i = 0; i < inner->count && holds; i++)
    {
      cover within = cofactor (outer, inner->sets[i], -1);
      holds = is_tautology (&within);
      release (&within);
    }
  return holds;
}

static uint32_t
random_below (uint32_t limit)
{
  static uint32_t state = 1984;
  state = state * 1664525 + 1013904223;
  return (state >> 8) % limit;
}

/* A function of so many variables and cubes; each depends on some two thirds of the variables. */
static void
try_function (int variable_count, int cubes)
{
  variables = variable_count;
  words = (variables + PER_WORD - 1) / PER_WORD;
  cover function = { NULL, 0, 0 };
  for (int i = 0; i < cubes; i++)
    {
      append (&function, everything ());
      for (int variable = 0; variable < variables; variable++)
        if (random_below (3) > 0)
          restrict_to (function.sets[i], variable, 1 + random_below (2));
    }
  cover off = complement (&function), result = minimised (&function, &off);
  int is_same = includes (&result, &function) && includes (&function, &result);
  printf ("%d variables: %d cubes, %d of the complement, %d minimised%s\n", variables, cubes,
          off.count, result.count, is_same ? "" : ", which is wrong");
  release (&function), release (&off), release (&result);
}

int
main (void)
{
  try_function (8, 40);
  try_function (10, 150);
  try_function (12, 200);
  try_function (14, 400);
  try_function (16, 250);
  try_function (18, 40);
  return 0;
}
