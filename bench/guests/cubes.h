/* Functions of two levels of logic as espresso.c has them: covers, which are arrays of sets. Each
   set is a block of its own, 8 or 12 bytes here; covers grow by realloc. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cube: two bits for each variable say which values it takes; 11 is either, 00 makes the cube
   empty. Where there is no variable there are ones. The word before the bits says whether the cube
   is known to be as large as the function lets it be. */
typedef uint32_t *set;

/* A function: the union of cubes, which belong to it. */
typedef struct cover
{
  set *sets;
  int count, room;
} cover;

enum { PER_WORD = 16, PAIRS = 0x55555555 };

static int variables, words;

static void *
checked (void *block)
{
  if (block == NULL)
    abort ();
  return block;
}

static size_t
set_bytes (void)
{
  return (size_t) (1 + words) * sizeof (uint32_t);
}

static set
copy (const uint32_t *original)
{
  return memcpy (checked (malloc (set_bytes ())), original, set_bytes ());
}

static set
everything (void)
{
  set made = memset (checked (malloc (set_bytes ())), 0xff, set_bytes ());
  made[0] = 0;
  return made;
}

static int
values (const uint32_t *it, int variable)
{
  return it[1 + variable / PER_WORD] >> variable % PER_WORD * 2 & 3;
}

static void
restrict_to (set it, int variable, uint32_t two_bits)
{
  it[1 + variable / PER_WORD] &= ~((~two_bits & 3) << variable % PER_WORD * 2);
}

static void
free_to (set it, int variable)
{
  it[1 + variable / PER_WORD] |= (uint32_t) 3 << variable % PER_WORD * 2;
}

static int
meets (const uint32_t *a, const uint32_t *b)
{
  for (int i = 1; i <= words; i++)
    {
      uint32_t both = a[i] & b[i];
      if (((both | both >> 1) & PAIRS) != PAIRS)
        return 0;
    }
  return 1;
}

static int
contains (const uint32_t *outer, const uint32_t *inner)
{
  for (int i = 1; i <= words; i++)
    if ((inner[i] & ~outer[i]) != 0)
      return 0;
  return 1;
}

static int
literals (const uint32_t *it)
{
  int count = 0;
  for (int i = 1; i <= words; i++)
    count += __builtin_popcount (~it[i]);
  return count;
}

/* Takes the set. */
static void
append (cover *to, set it)
{
  if (to->count == to->room)
    {
      to->room = to->room == 0 ? 4 : to->room * 2;
      to->sets = checked (realloc (to->sets, (size_t) to->room * sizeof (set)));
    }
  to->sets[to->count++] = it;
}

static void
remove_at (cover *from, int index)
{
  free (from->sets[index]);
  from->count--;
  memmove (from->sets + index, from->sets + index + 1,
           (size_t) (from->count - index) * sizeof (set));
}

static void
release (cover *it)
{
  for (int i = 0; i < it->count; i++)
    free (it->sets[i]);
  free (it->sets);
  *it = (cover) { NULL, 0, 0 };
}

/* What of a function is seen inside a cube; of all its cubes but one. */
static cover
cofactor (const cover *function, const uint32_t *within, int left_out)
{
  cover made = { NULL, 0, 0 };
  for (int i = 0; i < function->count; i++)
    if (i != left_out && meets (function->sets[i], within))
      {
        set seen = copy (function->sets[i]);
        for (int j = 1; j <= words; j++)
          seen[j] |= ~within[j];
        append (&made, seen);
      }
  return made;
}

static int
has_everything (const cover *function)
{
  for (int i = 0; i < function->count; i++)
    if (literals (function->sets[i]) == 0)
      return 1;
  return 0;
}

/* The variable that most cubes depend on. */
static int
busiest (const cover *function)
{
  int best = 0, most = -1;
  for (int variable = 0; variable < variables; variable++)
    {
      int count = 0;
      for (int i = 0; i < function->count; i++)
        count += values (function->sets[i], variable) != 3;
      if (count > most)
        best = variable, most = count;
    }
  return best;
}

static cover
half (const cover *function, int variable, uint32_t value)
{
  set within = everything ();
  restrict_to (within, variable, value);
  cover made = cofactor (function, within, -1);
  free (within);
  return made;
}

static int
is_tautology (const cover *function)
{
  if (has_everything (function))
    return 1;
  if (function->count < 2)
    return 0;
  int variable = busiest (function), holds = 1;
  for (uint32_t value = 1; value <= 2 && holds; value++)
    {
      cover part = half (function, variable, value);
      holds = is_tautology (&part);
      release (&part);
    }
  return holds;
}

/* Moves the cubes of a half to the whole; one that is in both halves becomes one. */
static void
join (cover *whole, cover *part, int variable, uint32_t value)
{
  for (int i = 0; i < part->count; i++)
    {
      set it = part->sets[i];
      int twin = 0;
      restrict_to (it, variable, 3 - value);
      while (twin < whole->count && memcmp (whole->sets[twin], it, set_bytes ()) != 0)
        twin++;
      free_to (it, variable);
      if (twin < whole->count)
        free_to (whole->sets[twin], variable), free (it);
      else
        restrict_to (it, variable, value), append (whole, it);
    }
  free (part->sets);
}

static cover
complement (const cover *function)
{
  cover made = { NULL, 0, 0 };
  if (function->count == 0)
    append (&made, everything ());
  if (function->count == 0 || has_everything (function))
    return made;
  int variable = busiest (function);
  for (uint32_t value = 1; value <= 2; value++)
    {
      cover part = half (function, variable, value), rest = complement (&part);
      release (&part);
      join (&made, &rest, variable, value);
    }
  return made;
}
