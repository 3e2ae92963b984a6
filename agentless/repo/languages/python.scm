; Captures mean the same in every language file (read by symbols.py in order of position):
;   @class @function   a definition            @name      its name, the first one inside it counts
;   @outer             what surrounds a definition and belongs to its lines: decorators, `export`
;   @owner             makes functions inside it methods, but is no symbol itself (Rust `impl`)
;   @namespace         gives its name to what is inside, and is no symbol itself
;   @receiver          owner of a method that stands outside its type (Go)
;   @body              its body without braces   @braces   its body in braces
;   @async             the keyword; its definition is asynchronous
;   @constant          a top-level statement that binds names, @bound each name in it
;   @import            an import statement, @module what it imports from, @imported each name it takes
;   @doc               a docstring          @comment  a comment

(class_definition name: (identifier) @name body: (block) @body) @class
(function_definition name: (identifier) @name body: (block) @body) @function
(function_definition "async" @async)
(decorated_definition) @outer

(module (expression_statement (assignment left: (identifier) @bound)) @constant)
(module (expression_statement (assignment left: (pattern_list (identifier) @bound))) @constant)

(import_statement name: (dotted_name) @module) @import
(import_statement name: (aliased_import name: (dotted_name) @module)) @import
(import_from_statement module_name: [(dotted_name) (relative_import)] @module) @import
(import_from_statement name: (dotted_name) @imported)
(import_from_statement name: (aliased_import name: (dotted_name) @imported))

(module . (comment)* . (expression_statement (string) @doc))
(class_definition body: (block . (comment)* . (expression_statement (string) @doc)))
(function_definition body: (block . (comment)* . (expression_statement (string) @doc)))

(comment) @comment
