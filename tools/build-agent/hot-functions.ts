/**
 * Functions of QuickJS that are compiled for speed; all others are compiled for size. These took 99 % of the instructions in
 * quickjs.c of an agent that started, answered pings, ran commands and moved files (docs/develop/bench.md, "Profile under
 * emulation"): as fast as if all were, and 110 kB smaller.
 */
export const hotFunctions: readonly string[] = `
__JS_AtomToValue __JS_FreeAtom __JS_FreeValueRT __JS_NewAtom add_fast_array_element add_property add_shape_property
async_func_free_frame async_func_init async_func_resume bc_get_atom bc_get_buf bc_get_leb128 bc_get_leb128_u16
bc_get_u8 bc_idx_to_atom check_function close_var_refs expand_fast_array exported_names_cmp free_gc_object
free_property free_var_ref free_zero_refcount fulfill_or_reject_promise gc_decref gc_decref_child gc_scan
gc_scan_incref_child get_exported_names get_leb128 get_typed_array get_var_ref hash_string is_num_string JS_AddBrand
JS_AddModuleExportList js_alloc_string js_alloc_string_rt js_append_enumerate js_array_buffer_constructor3
js_array_every js_array_finalizer js_array_iterator_next js_array_pop js_array_push js_async_function_resume js_atof
JS_AtomIsNumericIndex JS_AtomIsNumericIndex1 JS_AtomToValue js_bytecode_function_finalizer js_bytecode_function_mark
js_c_function_data_call js_c_function_data_finalizer JS_Call js_call_c_function JS_CallConstructorInternal
JS_CallFree JS_CallInternal JS_CheckBrand js_class_has_bytecode js_clone_shape js_closure js_closure2
JS_ConcatString2 js_create_array_iterator js_create_from_ctor js_create_module_var js_create_resolving_functions
JS_CreateProperty JS_DefineAutoInitProperty JS_DefineProperty JS_DefinePropertyValue JS_DefinePropertyValueValue
JS_DupAtom JS_EnqueueJob js_for_of_start js_free_rt js_free_shape JS_FreeAtom JS_FreeAtomRT
js_function_set_properties js_get_atom_index js_get_length32 js_get_length64 JS_GetIterator JS_GetIterator2
JS_GetOpaque JS_GetOpaque2 JS_GetOwnPropertyInternal JS_GetOwnPropertyNamesInternal JS_GetPropertyInternal
JS_GetPropertyUint32 JS_GetPropertyValue JS_GetTypedArrayBuffer JS_HasProperty JS_IsFunction JS_IteratorNext
JS_IteratorNext2 js_malloc js_malloc_rt js_mallocz js_mallocz_rt js_map_get js_map_iterator_next js_map_set
JS_MarkValue js_math_min_max js_new_promise_capability js_new_shape2 js_new_string8_len JS_NewAtomLen JS_NewAtomStr
JS_NewCFunctionData JS_NewObjectClass JS_NewObjectFromShape JS_NewObjectProtoClass JS_NewStringLen
js_poll_interrupts js_promise_constructor js_promise_finalizer js_promise_resolve js_promise_resolve_function_call
js_promise_resolve_function_finalizer JS_ReadObject JS_ReadObjectRec JS_ReadString js_realloc js_realloc2
js_realloc_rt JS_ResizeAtomHash js_resolve_export1 js_same_value_zero JS_SetModuleExportList JS_SetPropertyInt64
JS_SetPropertyInternal JS_SetPropertyValue js_shape_hash_link js_shape_hash_unlink js_shr_slow JS_SpeciesConstructor
js_strict_eq2 js_strict_eq_slow js_string_compare js_string_memcmp js_symbol_to_atom JS_ToArrayLengthFree
JS_ToBoolFree JS_ToCStringLen2 JS_ToFloat64Free JS_ToIndex JS_ToInt32 JS_ToInt32Clamp JS_ToInt32Free
JS_ToInt32SatFree JS_ToInt64 JS_ToInt64Clamp JS_ToInt64Sat JS_ToInt64SatFree JS_ToLengthFree JS_ToNumberHintFree
JS_ToNumericFree JS_ToObject JS_ToStringInternal JS_TryGetPropertyInt64 js_typed_array___speciesCreate
js_typed_array_constructor js_typed_array_create js_typed_array_finalizer js_typed_array_get_byteOffset
js_typed_array_get_length js_typed_array_get_length_internal js_typed_array_set js_typed_array_subarray
js_unary_arith_slow JS_ValueToAtom map_find_record map_hash_key mark_children perform_promise_then
promise_reaction_data_free promise_reaction_job resize_properties set_array_length set_value typed_array_init
`
  .trim()
  .split(/\s+/);

/** A definition or declaration at the beginning of a line; its name is the word before the first parenthesis. */
const beginning = /^[A-Za-z_][\w *]*?(\w+)\(/;

/**
 * The source of quickjs.c with an attribute at the definition of each hot function.
 * @throws Error if one is not defined there
 */
export function withHotFunctions(source: string): string {
  const wanted = new Set(hotFunctions);
  const lines = source.split('\n');
  for (const [index, line] of lines.entries()) {
    const [, name = ''] = beginning.exec(line) ?? [];
    if (!wanted.has(name) || !isDefinition(lines, index)) continue;
    lines[index] = `__attribute__((optimize("O2"))) ${line}`;
    wanted.delete(name);
  }
  if (wanted.size > 0) throw new Error(`quickjs.c does not define ${[...wanted].join(', ')}.`);
  return lines.join('\n');
}

/** Whether a body follows, and not a semicolon. */
function isDefinition(lines: readonly string[], from: number): boolean {
  const [mark] = /[;{]/.exec(lines.slice(from, from + 8).join('\n')) ?? [];
  return mark === '{';
}
