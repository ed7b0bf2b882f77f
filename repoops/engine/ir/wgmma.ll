define internal ptr @product_area(ptr %ctx) alwaysinline {
  <<field products ptr products>>
  <<field current i64 current>>
  %o = mul i64 %current, <<WARP_BYTES>>
  %at = getelementptr i8, ptr %products, i64 %o
  ret ptr %at
}
define internal ptr @product_entry(ptr %ctx, i32 %site) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_used>>
  %used = load i64, ptr %used.at
  %over = icmp uge i64 %used, <<MOST>>
  br i1 %over, label %full, label %put
full:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.async-overflow>>, i32 -1)
  unreachable
put:
  %area = call ptr @product_area(ptr %ctx)
  %o = mul i64 %used, <<PRODUCT>>
  %first = getelementptr i8, ptr %area, i64 <<ENTRIES>>
  %e = getelementptr i8, ptr %first, i64 %o
  %after = add i64 %used, 1
  store i64 %after, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_group>>
  %group = load i64, ptr %group.at
  %g.at = getelementptr i8, ptr %e, i64 <<AT_GROUP>>
  store i64 %group, ptr %g.at
  %s.at = getelementptr i8, ptr %e, i64 <<AT_SITE>>
  store i32 %site, ptr %s.at
  ret ptr %e
}
; The number of the sums that a product adds to: those that its registers stand for, or new ones, with <<NEW>> added.
define internal i32 @product_sums(ptr %ctx, i32 %site, i32 %bits) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %ids.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_ids>>
  %ids = load i64, ptr %ids.at
  %area = call ptr @product_area(ptr %ctx)
  %tag = and i32 %bits, <<TAG_MASK>>
  %token = icmp eq i32 %tag, <<TAG>>
  br i1 %token, label %known, label %fresh
known:
  %id.0 = lshr i32 %bits, 8
  %id = and i32 %id.0, 7
  %id64 = zext i32 %id to i64
  %bit = shl i64 1, %id64
  %in = and i64 %ids, %bit
  %held = icmp ne i64 %in, 0
  br i1 %held, label %again, label %fresh
again:
  %c.at = getelementptr i32, ptr %area, i64 %id64
  %c = load i32, ptr %c.at
  %c1 = add i32 %c, 1
  store i32 %c1, ptr %c.at
  ret i32 %id
fresh:
  %free = xor i64 %ids, -1
  %low = trunc i64 %free to i32
  %n = call i32 @llvm.cttz.i32(i32 %low, i1 false)
  %over = icmp uge i32 %n, 8
  br i1 %over, label %full, label %take
full:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.async-overflow>>, i32 -1)
  unreachable
take:
  %n64 = zext i32 %n to i64
  %mine = shl i64 1, %n64
  %ids1 = or i64 %ids, %mine
  store i64 %ids1, ptr %ids.at
  %f.at = getelementptr i32, ptr %area, i64 %n64
  store i32 1, ptr %f.at
  %new = or i32 %n, <<NEW>>
  ret i32 %new
}
define internal ptr @product_place(ptr %ctx, i32 %id) alwaysinline {
  %area = call ptr @product_area(ptr %ctx)
  %id64 = zext i32 %id to i64
  %o = mul i64 %id64, <<SUMS_BYTES>>
  %sums = getelementptr i8, ptr %area, i64 <<SUMS>>
  %at = getelementptr i8, ptr %sums, i64 %o
  ret ptr %at
}
define internal void @product_commit(ptr %ctx) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_group>>
  %group = load i64, ptr %group.at
  %next = add i64 %group, 1
  store i64 %next, ptr %group.at
  ret void
}
; Carries out the products of all but the last %pending groups; gives the sums, a bit each, that nothing is pending for.
define internal i64 @product_wait(ptr %ctx, i64 %pending) noinline {
entry:
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_used>>
  %used = load i64, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_group>>
  %group = load i64, ptr %group.at
  %ids.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_ids>>
  %ids = load i64, ptr %ids.at
  %bound = sub i64 %group, %pending
  %area = call ptr @product_area(ptr %ctx)
  %first = getelementptr i8, ptr %area, i64 <<ENTRIES>>
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %run]
  %done = phi i64 [0, %entry], [%done1, %run]
  %more = icmp ult i64 %k, %used
  br i1 %more, label %one, label %end
one:
  %o = mul i64 %k, <<PRODUCT>>
  %e = getelementptr i8, ptr %first, i64 %o
  %g.at = getelementptr i8, ptr %e, i64 <<AT_GROUP>>
  %g = load i64, ptr %g.at
  %due = icmp slt i64 %g, %bound
  br i1 %due, label %run, label %end
run:
  %f = load ptr, ptr %e
  %id.at = getelementptr i8, ptr %e, i64 <<AT_SUMS>>
  %id = load i32, ptr %id.at
  %place = call ptr @product_place(ptr %ctx, i32 %id)
  call void %f(ptr %ctx, ptr %e, ptr %place)
  %id64 = zext i32 %id to i64
  %c.at = getelementptr i32, ptr %area, i64 %id64
  %c = load i32, ptr %c.at
  %c1 = sub i32 %c, 1
  store i32 %c1, ptr %c.at
  %none = icmp eq i32 %c1, 0
  %none64 = zext i1 %none to i64
  %bit = shl i64 %none64, %id64
  %done1 = or i64 %done, %bit
  %k1 = add i64 %k, 1
  br label %loop
end:
  %some = icmp ne i64 %k, 0
  br i1 %some, label %close, label %return
close:
  %left = sub i64 %used, %k
  %from.o = mul i64 %k, <<PRODUCT>>
  %from = getelementptr i8, ptr %first, i64 %from.o
  %bytes = mul i64 %left, <<PRODUCT>>
  call void @llvm.memmove.p0.p0.i64(ptr %first, ptr %from, i64 %bytes, i1 false)
  store i64 %left, ptr %used.at
  %kept = xor i64 %done, -1
  %ids1 = and i64 %ids, %kept
  store i64 %ids1, ptr %ids.at
  br label %return
return:
  ret i64 %done
}
; A register after a wait: what it stands for, if that is ready.
define internal <<CONVENTION>> <32 x float> @product_take(ptr %ctx, i64 %done, <32 x float> %value) noinline {
  %bits = bitcast <32 x float> %value to <32 x i32>
  %tag = and <32 x i32> %bits, splat (i32 <<TAG_MASK>>)
  %token = icmp eq <32 x i32> %tag, splat (i32 <<TAG>>)
  %word = bitcast <32 x i1> %token to i32
  %none = icmp eq i32 %word, 0
  br i1 %none, label %same, label %stands
same:
  ret <32 x float> %value
stands:
  %lane = call i32 @llvm.cttz.i32(i32 %word, i1 true)
  %one = extractelement <32 x i32> %bits, i32 %lane
  %id.0 = lshr i32 %one, 8
  %id = and i32 %id.0, 7
  %id64 = zext i32 %id to i64
  %bit = lshr i64 %done, %id64
  %ready = trunc i64 %bit to i1
  br i1 %ready, label %take, label %same
take:
  %k = and i32 %one, 127
  %k64 = zext i32 %k to i64
  %place = call ptr @product_place(ptr %ctx, i32 %id)
  %at = getelementptr <32 x float>, ptr %place, i64 %k64
  %sum = load <32 x float>, ptr %at, align 64
  %all = select <32 x i1> %token, <32 x float> %sum, <32 x float> %value
  ret <32 x float> %all
}
; Where the rows of core matrices lie that a descriptor describes: lane n has row n mod 8 of its matrix.
define internal <32 x i32> @matrix_rows(i64 %descriptor, <32 x i32> %chunk, <32 x i32> %half, i1 %turned) noinline {
  %start.0 = and i64 %descriptor, 16383
  %start.1 = shl i64 %start.0, 4
  %start = trunc i64 %start.1 to i32
  %lead.0 = lshr i64 %descriptor, 12
  %lead.1 = and i64 %lead.0, 262128
  %lead = trunc i64 %lead.1 to i32
  %stride.0 = lshr i64 %descriptor, 28
  %stride.1 = and i64 %stride.0, 262128
  %stride = trunc i64 %stride.1 to i32
  %mode.0 = lshr i64 %descriptor, 62
  %mode = trunc i64 %mode.0 to i32
  %plain = icmp eq i32 %mode, 0
  %width.0 = sub i32 8, %mode
  %width = select i1 %plain, i32 4, i32 %width.0
  %few = sub i32 %width, 4
  %each.0 = shl i32 1, %few
  %each = sub i32 %each.0, 1
  %swap = shl i32 %each, 4
  %outer = select i1 %plain, i32 %stride, i32 %lead
  %inner.k = select i1 %plain, i32 %lead, i32 16
  %inner.mn = select i1 %plain, i32 %lead, i32 %stride
  %inner = select i1 %turned, i32 %inner.mn, i32 %inner.k
  %by.chunk = select i1 %turned, i32 %outer, i32 %stride
  ; A chunk is 8 rows of a K-major matrix, or 8 elements of the rows of one that is MN-major: several to a row of the pattern.
  %part = select i1 %turned, i32 %few, i32 0
  %part.1 = insertelement <32 x i32> poison, i32 %part, i64 0
  %part.v = shufflevector <32 x i32> %part.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %less = select i1 %turned, i32 %each, i32 0
  %less.1 = insertelement <32 x i32> poison, i32 %less, i64 0
  %less.v = shufflevector <32 x i32> %less.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %whole = lshr <32 x i32> %chunk, %part.v
  %rest = and <32 x i32> %chunk, %less.v
  %by.1 = insertelement <32 x i32> poison, i32 %by.chunk, i64 0
  %by.v = shufflevector <32 x i32> %by.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %inner.1 = insertelement <32 x i32> poison, i32 %inner, i64 0
  %inner.v = shufflevector <32 x i32> %inner.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %width.1 = insertelement <32 x i32> poison, i32 %width, i64 0
  %width.v = shufflevector <32 x i32> %width.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %start.2 = insertelement <32 x i32> poison, i32 %start, i64 0
  %start.v = shufflevector <32 x i32> %start.2, <32 x i32> poison, <32 x i32> zeroinitializer
  %swap.1 = insertelement <32 x i32> poison, i32 %swap, i64 0
  %swap.v = shufflevector <32 x i32> %swap.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %o1 = mul <32 x i32> %whole, %by.v
  %o2 = shl <32 x i32> %rest, splat (i32 4)
  %o3 = shl <32 x i32> <<<ROWS>>>, %width.v
  %o4 = mul <32 x i32> %half, %inner.v
  %o12 = add <32 x i32> %o1, %o2
  %o34 = add <32 x i32> %o3, %o4
  %o = add <32 x i32> %o12, %o34
  %at = add <32 x i32> %start.v, %o
  %bits.0 = lshr <32 x i32> %at, splat (i32 3)
  %bits = and <32 x i32> %bits.0, %swap.v
  %swizzled = xor <32 x i32> %at, %bits
  ret <32 x i32> %swizzled
}
