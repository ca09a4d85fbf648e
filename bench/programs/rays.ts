// Spheres hit by rays: vectors of three numbers, a new one for each step of the arithmetic.

import { random, seed } from "./random";

class Vector {
  constructor(
    public x: f64,
    public y: f64,
    public z: f64,
  ) {}

  plus(other: Vector): Vector {
    return new Vector(this.x + other.x, this.y + other.y, this.z + other.z);
  }

  minus(other: Vector): Vector {
    return new Vector(this.x - other.x, this.y - other.y, this.z - other.z);
  }

  times(factor: f64): Vector {
    return new Vector(this.x * factor, this.y * factor, this.z * factor);
  }

  dot(other: Vector): f64 {
    return this.x * other.x + this.y * other.y + this.z * other.z;
  }

  unit(): Vector {
    return this.times(1 / Math.sqrt(this.dot(this)));
  }
}

class Ray {
  constructor(
    public origin: Vector,
    public direction: Vector,
  ) {}

  at(distance: f64): Vector {
    return this.origin.plus(this.direction.times(distance));
  }
}

class Sphere {
  constructor(
    public centre: Vector,
    public radius: f64,
  ) {}

  /** The distance to where the ray hits, or -1. */
  hit(ray: Ray): f64 {
    const offset = ray.origin.minus(this.centre);
    const half = offset.dot(ray.direction);
    const rest = half * half - offset.dot(offset) + this.radius * this.radius;
    return rest < 0 ? -1 : -half - Math.sqrt(rest);
  }
}

function colour(ray: Ray, spheres: Sphere[], depth: i32): f64 {
  let nearest: Sphere | null = null;
  let distance = 1e9;
  for (let i = 0; i < spheres.length; i++) {
    const found = spheres[i].hit(ray);
    if (found > 1e-6 && found < distance) {
      distance = found;
      nearest = spheres[i];
    }
  }
  if (!nearest) return 0.5 + 0.5 * ray.direction.y;
  const place = ray.at(distance);
  const normal = place.minus(nearest.centre).unit();
  const light = max(0.1, normal.dot(new Vector(0.6, 0.7, -0.4)));
  if (depth == 0) return light;
  const mirrored = ray.direction.minus(normal.times(2 * normal.dot(ray.direction)));
  return 0.7 * light + 0.3 * colour(new Ray(place, mirrored), spheres, depth - 1);
}

/** A picture of `size` times `size` points. Their brightness added up. */
export function rays(size: i32): i32 {
  seed(5);
  const spheres: Sphere[] = [];
  for (let i = 0; i < 12; i++) {
    const centre = new Vector(random(800) / 100.0 - 4, random(800) / 100.0 - 4, 6 + random(6));
    spheres.push(new Sphere(centre, 0.5 + random(100) / 100.0));
  }
  let sum: f64 = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const direction = new Vector(<f64>x / size - 0.5, 0.5 - <f64>y / size, 1).unit();
      sum += colour(new Ray(new Vector(0, 0, 0), direction), spheres, 3);
    }
  }
  return <i32>(sum * 64);
}
