import type { Type, TypeHandler } from "./value_types.ts";

/** The types a command knows at first. */
export interface ValueTypes {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  file: string;
}

/** The values of a type. */
export type ValueOf<T> = T extends Type<infer V> ? V : T extends TypeHandler<infer V> ? V : never;

/** `dry-run` as a property: `dryRun`. */
type Property<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Property<Tail>>}`
  : S;

/** The name of the type in `<name:type>`. */
type TypeName<S extends string> = S extends `${string}:${infer Name}:${string}` ? Name
  : S extends `${string}:${infer Name}>` ? Name
  : S extends `${string}:${infer Name}]` ? Name
  : "string";

/** The values of a named type, which may be a list. */
type Named<Name extends string, Types> = Name extends `${infer One}[]` ? Named<One, Types>[]
  : Name extends keyof Types ? Types[Name]
  : unknown;

/** One argument of a command, as a tuple. */
type Argument<S extends string, Types, V = Named<TypeName<S>, Types>> = S extends
  `[${string}...${string}` ? V[]
  : S extends `<${string}...${string}` ? [V, ...V[]]
  : S extends `[${string}` ? [V?]
  : [V];

/** The arguments of a command, as a tuple. */
export type Arguments<S extends string, Types> = S extends `${infer Head} ${infer Tail}`
  ? [...Argument<Head, Types>, ...Arguments<Tail, Types>]
  : Argument<S, Types>;

/** The long name and the value of an option's definition. */
type Parts<S extends string> = S extends `${string}--${infer Rest}` ? NameAndValue<Rest>
  : S extends `-${infer Rest}` ? NameAndValue<Rest>
  : never;
type NameAndValue<S extends string> = S extends `${infer Name}=${infer Value}` ? [Name, Value]
  : S extends `${infer Name} ${infer Value}` ? [Name, Value]
  : [S, ""];

/** The value of an option, before it is collected or mapped. */
export type OptionValue<S extends string, Types> = Parts<S> extends [string, infer V extends string]
  ? V extends "" ? true
  : V extends `[${string}` ? true | Named<TypeName<V>, Types>
  : Named<TypeName<V>, Types>
  : unknown;

/** What an option's settings make of its value. */
type Settled<V, Default, Collect, Mapped> = [Mapped] extends [undefined]
  ? Collect extends true ? V[] : V | (Default extends undefined ? never : Default)
  : Mapped;

/** The property that an option adds to the options of a command. */
export type OptionProperty<S extends string, Types, Required, Default, Collect, Mapped> =
  Parts<S> extends [infer Name extends string, string]
    ? Name extends `no-${infer Positive}` ? { [K in Property<Positive>]: boolean }
    : Required extends true
      ? Present<Name, Settled<OptionValue<S, Types>, Default, Collect, Mapped>>
    : Default extends undefined
      ? { [K in Property<Name>]?: Settled<OptionValue<S, Types>, Default, Collect, Mapped> }
    : Present<Name, Settled<OptionValue<S, Types>, Default, Collect, Mapped>>
    : Record<never, never>;
type Present<Name extends string, V> = { [K in Property<Name>]: V };
