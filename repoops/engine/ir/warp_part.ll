define internal void @warp_part(ptr %ctx, i32 %lanes) cold noinline {
entry:
  <<field current i64 current>>
  <<field warp_epochs ptr table>>
  <<field warp_fulls ptr fulls>>
  <<field warp_known ptr knowns>>
  %at = getelementptr i64, ptr %table, i64 %current
  %full.at = getelementptr i64, ptr %fulls, i64 %current
  %rows.o = shl i64 %current, 12
  %rows = getelementptr i8, ptr %knowns, i64 %rows.o
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  store i64 %new, ptr %at
  %full = load i64, ptr %full.at
  %span = sub i64 %new, %full
  %long = icmp ugt i64 %span, 65534
  %kept = select i1 %long, i64 %new, i64 %full
  store i64 %kept, ptr %full.at
  %new32 = trunc i64 %new to i32
  %new.1 = insertelement <32 x i32> poison, i32 %new32, i64 0
  %new.v = shufflevector <32 x i32> %new.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %these = bitcast i32 %lanes to <32 x i1>
  br label %read
read:
  %todo = phi i32 [%lanes, %entry], [%todo1, %one]
  %all = phi <32 x i32> [zeroinitializer, %entry], [%all1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %join, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %l64 = zext i32 %l to i64
  %row = getelementptr <32 x i32>, ptr %rows, i64 %l64
  %known = load <32 x i32>, ptr %row, align 4
  %more = icmp ugt <32 x i32> %known, %all
  %all1 = select <32 x i1> %more, <32 x i32> %known, <32 x i32> %all
  br label %read
join:
  %joined = select <32 x i1> %these, <32 x i32> %new.v, <32 x i32> %all
  br label %write
write:
  %left = phi i32 [%lanes, %join], [%left1, %each]
  %last = icmp eq i32 %left, 0
  br i1 %last, label %end, label %each
each:
  %m = call i32 @llvm.cttz.i32(i32 %left, i1 true)
  %fewer = sub i32 %left, 1
  %left1 = and i32 %left, %fewer
  %m64 = zext i32 %m to i64
  %to = getelementptr <32 x i32>, ptr %rows, i64 %m64
  store <32 x i32> %joined, ptr %to, align 4
  br label %write
end:
  ret void
}
define internal void @warp_parts(ptr %ctx, <32 x i32> %named, i32 %here, i32 %every) noinline {
entry:
  %spill = alloca <32 x i32>
  store <32 x i32> %named, ptr %spill
  br label %next
next:
  %todo = phi i32 [%here, %entry], [%todo1, %done]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %group
group:
  %lane = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %lane64 = zext i32 %lane to i64
  %at = getelementptr i32, ptr %spill, i64 %lane64
  %mask = load i32, ptr %at
  %mask.1 = insertelement <32 x i32> poison, i32 %mask, i64 0
  %mask.v = shufflevector <32 x i32> %mask.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %same = icmp eq <32 x i32> %named, %mask.v
  %same.w = bitcast <32 x i1> %same to i32
  %come = and i32 %same.w, %todo
  %others = xor i32 %come, -1
  %todo1 = and i32 %todo, %others
  %lanes = and i32 %come, %mask
  %whole = icmp eq i32 %lanes, %every
  br i1 %whole, label %full, label %part
full:
  call void @warp_barrier(ptr %ctx)
  br label %done
part:
  call void @warp_part(ptr %ctx, i32 %lanes)
  br label %done
done:
  br label %next
end:
  ret void
}
